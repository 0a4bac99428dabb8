// Runs oidc-provider, as it is, as a province. Its sign-in page takes any name and password; what it says of whoever signs in is
// given. Prints its issuer as JSON, then serves until it is ended.
// usage: node provider.mjs REDIRECT_URI SECRET NAME
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const [redirectURI, secret, name] = process.argv.slice(2)
const server = createServer((request, response) => callback(request, response))
await new Promise((listening) => server.listen(0, listening))
const issuer = `http://localhost:${server.address().port}`
const provider = new Provider(issuer, {
  clients: [{ client_id: 'manyou', client_secret: secret, redirect_uris: [redirectURI], response_types: ['code'], grant_types: ['authorization_code'] }],
  claims: { openid: ['sub'], profile: ['name'] },
  conformIdTokenClaims: false,
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name }) }),
  cookies: { keys: ['a secret of a province in a test'] },
})
const callback = provider.callback()
console.log(JSON.stringify({ issuer }))
