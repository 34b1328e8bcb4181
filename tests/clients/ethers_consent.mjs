// Signs a Consent with ethers from its typed data, and says what ethers computes on the way.
import { Wallet, TypedDataEncoder, verifyTypedData } from "ethers";

const { key, typedData } = JSON.parse(process.argv[2]);
const { domain, message } = typedData;
const types = { Consent: typedData.types.Consent };
const wallet = new Wallet(key);
const signature = await wallet.signTypedData(domain, types, message);
console.log(JSON.stringify({
  address: wallet.address,
  signature,
  digest: TypedDataEncoder.hash(domain, types, message),
  primary: TypedDataEncoder.from(types).encodeType("Consent"),
  signer: verifyTypedData(domain, types, message, signature),
}));
