// Imports zeros with npm's ipfs-unixfs-importer into nothing; prints CPU seconds and the root.
// Arguments: the folder of node_modules, chunk bytes, links per node, MiB.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [modules, chunkBytes, links, mebibytes] = process.argv.slice(2)
const load = async (name) => {
  const home = resolve(modules, name)
  const exported = createRequire(import.meta.url)(resolve(home, 'package.json')).exports
  const entry = exported['.'] ?? exported
  return import(pathToFileURL(resolve(home, entry.import)).href)
}
const { importFile } = await load('ipfs-unixfs-importer')
const { fixedSize } = await import(
  pathToFileURL(resolve(modules, 'ipfs-unixfs-importer/dist/src/chunker/fixed-size.js')).href
)
const { balanced } = await import(
  pathToFileURL(resolve(modules, 'ipfs-unixfs-importer/dist/src/layout/balanced.js')).href
)
const piece = new Uint8Array(2 ** 20)
const content = (async function * () {
  for (let at = 0; at < Number(mebibytes); at++) {
    new DataView(piece.buffer).setUint32(0, at)
    yield piece.slice()
  }
})()
const before = process.cpuUsage()
const root = await importFile({ content }, { put: async (cid) => cid }, {
  cidVersion: 1,
  rawLeaves: true,
  wrapWithDirectory: false,
  chunker: fixedSize({ chunkSize: Number(chunkBytes) }),
  layout: balanced({ maxChildrenPerNode: Number(links) })
})
const took = process.cpuUsage(before)
console.log(JSON.stringify({ cpu_s: (took.user + took.system) / 1e6, cid: root.cid.toString() }))
