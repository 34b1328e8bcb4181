// What kubo-rpc-client gets from a store: argv = URL of the API. Prints one JSON object.
import { create, CID } from 'kubo-rpc-client'

const text = (pieces) => Buffer.concat(pieces).toString()
const all = async (source) => { const out = []; for await (const item of source) out.push(item); return out }
const failure = async (work) => { try { await work(); return null } catch (error) { return error.message } }
const client = create({ url: process.argv[2] })
const out = {}

out.version = (await client.version()).version
const hello = await client.add('hello world', { cidVersion: 1 })
out.hello = { cid: hello.cid.toString(), size: hello.size, path: hello.path }
out.helloV0 = (await client.add('hello world', { cidVersion: 0 })).cid.toString()
out.onlyHash = (await client.add('never stored', { onlyHash: true })).cid.toString()
out.onlyHashStored = await failure(() => client.block.get(CID.parse(out.onlyHash)))
out.cat = text(await all(client.cat(hello.cid)))
out.slice = text(await all(client.cat(hello.cid, { offset: 6, length: 3 })))

const large = Buffer.alloc(3 * 2 ** 20 + 17)
for (let at = 0; at + 4 < large.length; at += 4) large.writeUInt32LE(at, at)
const streamed = await client.add((async function * () {
  for (let at = 0; at < large.length; at += 100_000) yield large.subarray(at, at + 100_000)
})(), { progress: (bytes) => { out.progress = bytes } })
out.large = Buffer.concat(await all(client.cat(streamed.cid))).equals(large)

const tree = await all(client.addAll([
  { path: 'ward/a ü.txt', content: 'first' },
  { path: 'ward/below/b+c.txt', content: 'second' },
  { path: 'ward/empty' }
], { wrapWithDirectory: true, pin: false }))
out.tree = tree.map(({ path, cid }) => [path, cid.toString()])
const root = tree.at(-1).cid
out.ls = (await all(client.ls(`/ipfs/${root}/ward`))).map(({ name, type, size }) => [name, type, size])
out.path = text(await all(client.cat(`/ipfs/${root}/ward/below/b+c.txt`)))

await client.pin.add(root, { name: 'ward tree' })
out.pins = (await all(client.pin.ls({ type: 'recursive', names: true })))
  .map(({ cid, type, name }) => [cid.toString(), type, name ?? '']).sort()
out.indirect = (await all(client.pin.ls({ type: 'indirect' }))).length
await client.pin.rm(root)
out.unpinned = !(await all(client.pin.ls({ type: 'recursive' }))).some(({ cid }) => cid.equals(root))
out.collected = (await all(client.repo.gc())).length
out.gone = await failure(() => all(client.cat(root)))

const block = await client.block.put(Buffer.from('a block'), { format: 'raw' })
out.block = { cid: block.toString(), data: Buffer.from(await client.block.get(block)).toString() }
out.stat = (await client.block.stat(block)).size
out.rm = (await all(client.block.rm(block))).map(({ cid, error }) => [cid.toString(), error?.message ?? null])

const car = Buffer.concat(await all(client.dag.export(streamed.cid)))
out.car = car.length > large.length
await client.pin.rm(streamed.cid)
await all(client.repo.gc())
out.imported = (await all(client.dag.import((async function * () { yield car })())))
  .map(({ root }) => [root.cid.toString(), root.pinErrorMsg])
out.streamed = streamed.cid.toString()
out.again = Buffer.concat(await all(client.cat(streamed.cid))).equals(large)
const repo = await client.repo.stat()
out.repo = { numObjects: Number(repo.numObjects), repoPath: repo.repoPath }
out.unknown = await failure(() => client.swarm.peers())
console.log(JSON.stringify(out))
