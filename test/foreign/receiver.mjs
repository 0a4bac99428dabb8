// A receiver of shared signals and a verifier of status lists, written from the specifications alone: RFC 8417, RFC 8935, RFC 8936,
// RFC 9493, OpenID Shared Signals Framework 1.0, Token Status List. Signatures are checked by jose, with the keys that the issuer publishes
// and nothing else of it. Prints its address as JSON; then each line on standard input is a command, and each line it prints the answer:
// {"ok": …}, or {"failed": why}.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { randomUUID } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import * as jose from 'jose'

const PUSH = 'urn:ietf:rfc:8935', POLL = 'urn:ietf:rfc:8936'
const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification'

const check = (holds, what) => { if (!holds) throw new Error(what) }
const isObject = (v) => typeof v === 'object' && v !== null && !Array.isArray(v)
const isText = (v) => typeof v === 'string' && v !== ''

let issuer, transmitter, oauth, keys, credentials, bearer, stream, skew = 0
const secret = `Bearer ${randomUUID()}` // that pushes have to bear

// get reads a JSON document that everybody may read.
const get = async (url) => {
  const response = await fetch(url, { redirect: 'error' })
  check(response.status === 200, `${url}: ${response.status}`)
  check(response.headers.get('content-type')?.startsWith('application/json'), `${url}: ${response.headers.get('content-type')}`)
  return response.json()
}

// wellKnown inserts a path between host and path of an issuer (SSF 1.0 §7.2, RFC 8414 §3).
const wellKnown = (name) => {
  const url = new URL(issuer)
  return `${url.origin}/.well-known/${name}${url.pathname.replace(/\/$/, '')}`
}

const open = async (c) => {
  issuer = c.issuer
  skew = c.now ? c.now * 1000 - Date.now() : 0
  transmitter = await get(wellKnown('ssf-configuration'))
  check(transmitter.issuer === issuer, `the transmitter is ${transmitter.issuer}`)
  check(/^\d+_\d+$/.test(transmitter.spec_version), 'spec_version')
  for (const name of ['jwks_uri', 'configuration_endpoint', 'status_endpoint', 'add_subject_endpoint', 'remove_subject_endpoint',
    'verification_endpoint']) check(URL.canParse(transmitter[name]), name)
  check(transmitter.delivery_methods_supported.includes(PUSH) && transmitter.delivery_methods_supported.includes(POLL), 'delivery methods')
  check(['ALL', 'NONE'].includes(transmitter.default_subjects), 'default_subjects')
  check(transmitter.authorization_schemes.some((s) => s.spec_urn === 'urn:ietf:rfc:6749'), 'OAuth is not among the schemes')
  for (const [name, value] of Object.entries(transmitter)) check(!Array.isArray(value) || value.length > 0, `${name} is empty`)
  oauth = await get(wellKnown('oauth-authorization-server'))
  keys = jose.createRemoteJWKSet(new URL(transmitter.jwks_uri), { cooldownDuration: 0 })
  credentials = c
  await authorize()
  return transmitter
}

const authorize = async () => {
  const response = await fetch(oauth.token_endpoint, {
    method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'ssf.manage ssf.read' }),
    headers: { authorization: 'Basic ' + Buffer.from(`${credentials.client_id}:${credentials.client_secret}`).toString('base64') },
  })
  check(response.status === 200, `token endpoint: ${response.status}`)
  bearer = (await response.json()).access_token
}

// call sends a request to an endpoint of the transmitter's.
const call = async ({ method = 'POST', endpoint, url = transmitter[endpoint], query, body }) => {
  const target = new URL(url)
  for (const [name, value] of Object.entries(query ?? {})) target.searchParams.set(name, value)
  const send = () => fetch(target, {
    method, redirect: 'error', body: body === undefined ? undefined : JSON.stringify(body),
    headers: { authorization: `Bearer ${bearer}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
  })
  let response = await send()
  if (response.status === 401) { // the token has expired
    await authorize()
    response = await send()
  }
  const text = await response.text()
  if (text !== '' && response.status < 300) check(response.headers.get('content-type')?.startsWith('application/json'), 'not JSON')
  check(response.headers.get('cache-control') === 'no-store', `${method} ${target.pathname} may be stored`)
  let answer = null
  try { answer = text === '' ? null : JSON.parse(text) } catch { answer = text }
  return { status: response.status, body: answer }
}

// configured holds a configuration to SSF 1.0 §8.1.1.
const configured = (c) => {
  check(isText(c.stream_id) && /^[A-Za-z0-9\-._~]+$/.test(c.stream_id), 'stream_id')
  check(c.iss === issuer, `iss is ${c.iss}`)
  check([c.aud].flat().includes(credentials.client_id), `aud is ${c.aud}`)
  check(Array.isArray(c.events_delivered) && c.events_delivered.length > 0, 'events_delivered')
  for (const e of c.events_delivered) {
    check(URL.canParse(e), `${e} is no URI`)
    check(!c.events_supported || c.events_supported.includes(e), `${e} is not supported`)
    check(!c.events_requested || c.events_requested.includes(e), `${e} was not requested`)
  }
  check([PUSH, POLL].includes(c.delivery.method) && URL.canParse(c.delivery.endpoint_url), 'delivery')
  check(!('authorization_header' in c.delivery), 'the secret of pushes is shown')
  return c
}

const create = async (c) => {
  const delivery = c.delivery === 'push' ? { method: PUSH, endpoint_url: `${base}/events`, authorization_header: secret } : undefined
  const { status, body } = await call({ endpoint: 'configuration_endpoint', body: { delivery, events_requested: c.events_requested } })
  check(status === 201, `create: ${status} ${JSON.stringify(body)}`)
  stream = configured(body)
  check(stream.delivery.method === (delivery ? PUSH : POLL), 'another delivery')
  if (delivery) check(stream.delivery.endpoint_url === delivery.endpoint_url, 'another endpoint')
  return stream
}

// believed are the claims of a token that is to be believed (RFC 8417 §2.2, SSF 1.0 §4.1).
const believed = async (token) => {
  const header = jose.decodeProtectedHeader(token)
  check(header.typ === 'secevent+jwt', `typ is ${header.typ}`)
  const { payload } = await jose.jwtVerify(token, keys, {
    issuer, audience: credentials.client_id, typ: 'secevent+jwt', algorithms: ['ES256', 'RS256'], requiredClaims: ['jti', 'iat', 'events', 'sub_id'],
    currentDate: new Date(Date.now() + skew),
  })
  check(isText(payload.jti), 'jti')
  check(Number.isFinite(payload.iat) && payload.iat * 1000 <= Date.now() + skew + 600_000, `iat is ${payload.iat}`)
  check(!('exp' in payload) && !('sub' in payload), 'it has an exp or a sub')
  check(isObject(payload.events) && Object.keys(payload.events).length === 1, 'not one event')
  for (const [type, event] of Object.entries(payload.events)) check(URL.canParse(type) && isObject(event), 'an event is a URI and an object')
  const id = payload.sub_id
  if (id.format === 'iss_sub') check(isText(id.iss) && isText(id.sub) && Object.keys(id).length === 3, 'sub_id') // RFC 9493 §3.2.3
  else check(id.format === 'opaque' && isText(id.id) && Object.keys(id).length === 2, `sub_id is of format ${id.format}`)
  return payload
}

// what was told, in order, each once; and how often each was told, with what.
const heard = [], told = new Map(), failures = []
let answers = [], waiting = []
const hear = (payload) => {
  const content = JSON.stringify(payload)
  const before = told.get(payload.jti)
  if (before) {
    check(before.content === content, `${payload.jti} says something else the second time`)
    return ++before.times
  }
  told.set(payload.jti, { content, times: 1 })
  heard.push(payload)
  waiting.forEach((wake) => wake())
}

// push takes one token (RFC 8935 §2).
const push = async (request) => {
  check(request.method === 'POST' && request.url === '/events', `${request.method} ${request.url}`)
  check(request.headers['content-type'] === 'application/secevent+jwt', `content-type is ${request.headers['content-type']}`)
  check(/application\/json|\*\/\*/.test(request.headers.accept ?? ''), `accept is ${request.headers.accept}`)
  check(request.headers.authorization === secret, 'the authorization header is not mine')
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return believed(Buffer.concat(chunks).toString())
}

const server = createServer(async (request, response) => {
  try {
    const payload = await push(request)
    const answer = answers.shift()
    if (answer?.before) return response.writeHead(answer.before).end() // it never got here
    hear(payload)
    response.writeHead(answer?.after ?? 202).end()
  } catch (error) {
    failures.push(error.message)
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ err: 'invalid_request', description: error.message }))
  }
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const base = `http://127.0.0.1:${server.address().port}`

// poll asks once (RFC 8936 §2).
const poll = async ({ body = {} }) => {
  const { status, body: answer } = await call({ url: stream.delivery.endpoint_url, body })
  check(status === 200 && isObject(answer.sets), `poll: ${status} ${JSON.stringify(answer)}`)
  check(answer.moreAvailable === undefined || typeof answer.moreAvailable === 'boolean', 'moreAvailable')
  const all = []
  for (const [jti, token] of Object.entries(answer.sets)) {
    const payload = await believed(token)
    check(payload.jti === jti, `${jti} is ${payload.jti}`)
    hear(payload)
    all.push(payload)
  }
  return { sets: all, more: answer.moreAvailable ?? false }
}

// verified has the stream verified (SSF 1.0 §8.1.4).
const verified = async () => {
  const state = randomUUID()
  const { status, body } = await call({ endpoint: 'verification_endpoint', body: { stream_id: stream.stream_id, state } })
  check(status === 204 && body === null, `verification: ${status}`)
  const found = () => heard.find((p) => p.events[VERIFICATION]?.state === state)
  if (stream.delivery.method === POLL) {
    const { sets } = await poll({})
    await poll({ body: { maxEvents: 0, ack: sets.filter((p) => p.events[VERIFICATION]).map((p) => p.jti) } })
  }
  while (!found()) await new Promise((wake) => waiting.push(wake))
  check(found().sub_id.format === 'opaque' && found().sub_id.id === stream.stream_id, 'it is about something else')
  return found().jti
}

// untilHeard waits for so many tokens besides verifications.
const untilHeard = async ({ n }) => {
  const events = () => heard.filter((p) => !p.events[VERIFICATION])
  while (events().length < n) await new Promise((wake) => waiting.push(wake))
  return { heard: events(), times: Object.fromEntries([...told].map(([jti, t]) => [jti, t.times])), failures }
}

// status reads whether an access token is good (Token Status List §8.3), offline but for the list.
const status = async ({ token }) => {
  const options = { issuer, algorithms: ['ES256'], currentDate: new Date(Date.now() + skew) }
  const { payload } = await jose.jwtVerify(token, keys, { ...options, typ: 'at+jwt' })
  const { idx, uri } = payload.status.status_list
  check(Number.isInteger(idx) && idx >= 0 && uri.startsWith(issuer + '/'), 'status')
  const all = await get(oauth.status_list_aggregation_endpoint)
  check(all.status_lists.includes(uri), 'the list is not among the lists')
  const response = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' }, redirect: 'error' })
  check(response.status === 200 && response.headers.get('content-type') === 'application/statuslist+jwt', `list: ${response.status}`)
  const list = await jose.jwtVerify(await response.text(), keys, { ...options, typ: 'statuslist+jwt', subject: uri, requiredClaims: ['iat', 'exp', 'ttl'] })
  const age = Number(/max-age=(\d+)/.exec(response.headers.get('cache-control'))[1])
  check(age <= list.payload.ttl && list.payload.ttl > 0, `it is kept for ${age} and good for ${list.payload.ttl}`)
  const { bits, lst } = list.payload.status_list
  check([1, 2, 4, 8].includes(bits), `${bits} bits`)
  const bytes = inflateSync(Buffer.from(lst, 'base64url'))
  const at = idx * bits
  check(at < bytes.length * 8, 'the list is too short')
  return (bytes[at >> 3] >> (at & 7)) & ((1 << bits) - 1)
}

const commands = {
  open, create, poll, call, status, verified, heard: untilHeard,
  answer: async ({ list }) => { answers = list; return null },
}
console.log(JSON.stringify({ url: base }))
for await (const line of createInterface({ input: process.stdin })) {
  const c = JSON.parse(line)
  try {
    console.log(JSON.stringify({ ok: await commands[c.do](c) ?? null }))
  } catch (error) {
    console.log(JSON.stringify({ failed: `${c.do}: ${error.stack}` }))
  }
}
