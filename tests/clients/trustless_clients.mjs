// What Helia's gateway broker and @ipld/car make of a gateway: argv = URL of the gateway's server,
// CIDs: one block, one root, one that is not there. Prints one JSON object.
import { createHash } from 'node:crypto'
import { trustlessGateway } from '@helia/block-brokers'
import { CarReader } from '@ipld/car'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'

const [url, blockText, rootText, absentText] = process.argv.slice(2)
const { hostname, port } = new URL(url)
const silent = Object.assign(() => {}, { error: () => {}, trace: () => {}, newScope: () => silent })
const routing = {
  async * findProviders () {
    yield { multiaddrs: [multiaddr(`/ip4/${hostname}/tcp/${port}/http`)], routing: 'test' }
  }
}
const components = { routing, logger: { forComponent: () => silent } }
const broker = trustlessGateway({ allowInsecure: true, allowLocal: true })(components)
const verified = async (cid, bytes) => {
  const digest = createHash('sha256').update(bytes).digest()
  if (!digest.equals(Buffer.from(cid.multihash.digest))) throw new Error(`not the block of ${cid}`)
}
const out = {}

const block = CID.parse(blockText)
const bytes = await broker.retrieve(block, { validateFn: (data) => verified(block, data) })
out.block = Buffer.from(bytes).toString()
try {
  await broker.retrieve(CID.parse(absentText))
} catch (error) {
  out.absent = error.errors[0].message
}

const answer = await fetch(`${url}/ipfs/${rootText}?format=car`)
const car = await CarReader.fromBytes(new Uint8Array(await answer.arrayBuffer()))
out.roots = (await car.getRoots()).map(String)
out.cids = []
for await (const { cid, bytes } of car.blocks()) {
  await verified(cid, bytes)
  out.cids.push(cid.toString())
}
console.log(JSON.stringify(out))
