// A relying party on openid-client. / begins a sign-in, /callback ends it and shows the claims. Prints its address as JSON, then
// waits for one line on standard input, {"issuer", "client_id", "client_secret"}, and serves until it is ended.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const server = createServer((request, response) => serve(request, response).catch((error) => {
  response.writeHead(500, { 'content-type': 'text/plain' }).end(`failed: ${error.code ?? ''} ${error.message}`)
}))
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const base = `http://127.0.0.1:${server.address().port}`
console.log(JSON.stringify({ url: base }))

let config
const pending = new Map()
const serve = async (request, response) => {
  const url = new URL(request.url, base)
  if (url.pathname === '/') {
    const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce()
    pending.set(state, { verifier, nonce })
    const to = client.buildAuthorizationUrl(config, {
      redirect_uri: `${base}/callback`, scope: 'openid profile records', state, nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    })
    return response.writeHead(302, { location: to.href }).end()
  }
  if (url.pathname !== '/callback') return response.writeHead(404).end()
  const state = url.searchParams.get('state'), expected = pending.get(state)
  pending.delete(state)
  const tokens = await client.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: expected.verifier, expectedNonce: expected.nonce, expectedState: state, idTokenExpected: true,
  })
  const claims = tokens.claims()
  const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  const exchanged = await client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token: tokens.access_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: config.serverMetadata().issuer, scope: 'records',
  })
  const standing = await client.tokenIntrospection(config, exchanged.access_token)
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    .end(`<!doctype html><title>Answer</title><pre id="told">${JSON.stringify({ claims, info, standing }).replaceAll('<', '&lt;')}</pre>`)
}

for await (const line of createInterface({ input: process.stdin })) {
  const at = JSON.parse(line)
  config = await client.discovery(new URL(at.issuer), at.client_id, at.client_secret, client.ClientSecretBasic(at.client_secret),
    { execute: [client.allowInsecureRequests] })
  console.log(JSON.stringify({ ready: true }))
}
