// Serves a federation of three entities whose statements are made by a library that others wrote: an anchor, an intermediate, a
// leaf. Prints where they are and the anchor's keys as JSON, then serves until it is ended.
import { webcrypto } from 'node:crypto'
import { createServer } from 'node:http'
import { createEntityConfiguration, createEntityStatement } from '@openid-federation/core'

const entities = {}
const server = createServer(async (request, response) => {
  try {
    const url = new URL(request.url, 'http://localhost')
    const [, name, ...rest] = url.pathname.split('/')
    const e = entities[name]
    let text
    if (e && rest.join('/') === '.well-known/openid-federation') text = await configuration(e)
    if (e && rest.join('/') === 'fetch') {
      const below = Object.values(entities).find((b) => b.id === url.searchParams.get('sub') && b.superior === e)
      if (below) text = await statement(e, below)
    }
    if (!text) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'application/entity-statement+jwt' }).end(text)
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const base = `http://127.0.0.1:${server.address().port}`

const add = async (name, superior, metadata) => {
  const { publicKey, privateKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey('jwk', publicKey)
  const jwk = { kty, crv, x, y, kid: `${name}-1`, alg: 'ES256', use: 'sig' }
  entities[name] = { id: `${base}/${name}`, superior, jwk, metadata: { ...metadata, federation_entity: {
    federation_fetch_endpoint: `${base}/${name}/fetch`, organization_name: name } },
    sign: async ({ toBeSigned }) => new Uint8Array(await webcrypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, toBeSigned)) }
  return entities[name]
}
const seconds = () => Math.floor(Date.now() / 1000)
const life = () => ({ iat: seconds(), exp: seconds() + 3600 })

const configuration = (e) => createEntityConfiguration({
  header: { kid: e.jwk.kid, typ: 'entity-statement+jwt', alg: 'ES256' },
  claims: { iss: e.id, sub: e.id, ...life(), jwks: { keys: [e.jwk] }, metadata: e.metadata,
    ...(e.superior ? { authority_hints: [e.superior.id] } : {}) },
  signJwtCallback: e.sign,
})

const statement = (e, below) => createEntityStatement({
  header: { kid: e.jwk.kid, typ: 'entity-statement+jwt', alg: 'ES256' }, jwk: e.jwk,
  claims: { iss: e.id, sub: below.id, ...life(), jwks: { keys: [below.jwk] },
    ...(e.superior ? {} : { metadata_policy: { openid_relying_party: { grant_types: { subset_of: ['authorization_code'] } } } }) },
  signJwtCallback: e.sign,
})

const anchor = await add('anchor')
const intermediate = await add('intermediate', anchor)
const leaf = await add('leaf', intermediate, { openid_relying_party: {
  client_registration_types: ['automatic'], redirect_uris: ['https://leaf.example/cb'], response_types: ['code'],
  grant_types: ['authorization_code', 'implicit'], client_name: 'a leaf' } })
console.log(JSON.stringify({ anchor: anchor.id, leaf: leaf.id, jwks: { keys: [anchor.jwk] } }))
