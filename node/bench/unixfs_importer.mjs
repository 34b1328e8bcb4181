// Imports MEBIBYTES of made-up data with ipfs-unixfs-importer and tells what it cost.
// usage: node unixfs_importer.mjs PACKAGE_FOLDER MEBIBYTES CHUNK_BYTES LINKS
// Piece i of 1 MiB is i as 8 big-endian bytes, then zeros: the bench makes the same in Python.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, mebibytes, chunkSize, maxChildrenPerNode] = [process.argv[2], ...process.argv.slice(3).map(Number)]
const load = async (part) => import(pathToFileURL(join(folder, 'dist', 'src', part, 'index.js')).href)
const { importer } = await load('')
const { fixedSize } = await load('chunker')
const { balanced } = await load('layout')

const pieces = Array.from({ length: mebibytes }, (_, index) => {
  const piece = Buffer.alloc(2 ** 20)
  piece.writeBigUInt64BE(BigInt(index))
  return piece
})
const nowhere = { put: async (cid) => cid }
const options = {
  cidVersion: 1,
  rawLeaves: true,
  chunker: fixedSize({ chunkSize }),
  layout: balanced({ maxChildrenPerNode }),
}
const before = process.cpuUsage()
let root
for await (const entry of importer([{ path: 'x', content: pieces }], nowhere, options)) root = entry.cid
const used = process.cpuUsage(before)
console.log(JSON.stringify({ cpu_s: (used.user + used.system) / 1e6, cid: root.toString() }))
