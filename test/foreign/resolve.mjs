// Resolves an entity of a federation with a library that others wrote. Prints the chains as JSON.
// usage: node resolve.mjs ENTITY ANCHOR
import { webcrypto } from 'node:crypto'
import { resolveTrustChains } from '@openid-federation/core'

const [entityId, anchor] = process.argv.slice(2)

const verifyJwtCallback = async ({ data, signature, jwk }) => {
  const key = await webcrypto.subtle.importKey('jwk', { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y },
    { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  return webcrypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, data)
}

const chains = await resolveTrustChains({ entityId, trustAnchorEntityIds: [anchor], verifyJwtCallback })
console.log(JSON.stringify(chains.map((c) => ({
  path: c.chain.map((s) => [s.iss, s.sub]),
  metadata: c.resolvedLeafMetadata,
}))))
