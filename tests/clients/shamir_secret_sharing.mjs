// What the npm package shamir-secret-sharing makes of our shares: argv = one JSON object with
// "secret", "needed", "total" to split, and "shares", a list of sets of y || x. All bytes in hex.
// Prints one JSON object: "combined", one for each set, and "shares", those of the secret.
import { combine, split } from 'shamir-secret-sharing'

const bytes = (hex) => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (array) => Buffer.from(array).toString('hex')

const { secret, needed, total, shares } = JSON.parse(process.argv[2])
const out = { combined: [], shares: [] }
for (const set of shares) out.combined.push(hex(await combine(set.map(bytes))))
out.shares = (await split(bytes(secret), total, needed)).map(hex)
process.stdout.write(JSON.stringify(out))
