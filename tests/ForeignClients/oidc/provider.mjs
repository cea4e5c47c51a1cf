// An OpenID provider on 127.0.0.1, for the service's tests: node provider.mjs [PORT]. Prints its issuer when it listens and
// ends with its standard input. Access tokens are JWTs for the audience that is asked for by 'resource' (RFC 8707, RFC 9068).
//
//   POST /token                 client_credentials of client 'batch' (its password is 'secret')
//   GET  /person?login=&...     the token that person gets by the authorization code flow with PKCE, as a browser would do it
//   POST /rotate                new signing keys, in place of the old ones
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

// What tokens are for, how long they hold [s], and how they are signed.
const resources = {
  'https://events.example/': { audience: 'eventservice', accessTokenTTL: 600, alg: 'RS256' },
  'https://events.example/short': { audience: 'eventservice', accessTokenTTL: 1, alg: 'RS256' },
  'https://events.example/elliptic': { audience: 'eventservice', accessTokenTTL: 600, alg: 'ES256' },
  'https://mail.example/': { audience: 'mail', accessTokenTTL: 600, alg: 'RS256' },
};
const groups = { alice: ['physics', 'analysis'], bob: ['physics'], carol: [] };
const redirect = 'https://client.example/callback';

function newKeys() {
  const jwk = (type, options, alg) => ({
    ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomBytes(8).toString('hex'),
  });
  return { keys: [jwk('rsa', { modulusLength: 2048 }, 'RS256'), jwk('ec', { namedCurve: 'P-256' }, 'ES256')] };
}

function newProvider(issuer) {
  return new Provider(issuer, {
    jwks: newKeys(),
    cookies: { keys: [randomBytes(16).toString('hex')] },
    clients: [
      { client_id: 'batch', client_secret: 'secret', grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
      { client_id: 'page', token_endpoint_auth_method: 'none', redirect_uris: [redirect], grant_types: ['authorization_code'] },
    ],
    scopes: ['openid', 'events.read', 'events.generate', 'events.publish'],
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_, token) => token.accountId && { preferred_username: token.accountId, groups: groups[token.accountId] ?? [] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => {
          const { alg, ...info } = resources[resource];
          return { ...info, scope: 'events.read events.generate events.publish', accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
        },
      },
    },
  });
}

// Follows the redirects of a browser with its cookies up to the client's own address.
async function browse(start, login) {
  const jar = new Map();
  let [address, form] = [start, undefined];
  for (let step = 0; step < 20; step++) {
    const response = await fetch(address, {
      method: form ? 'POST' : 'GET', body: form, redirect: 'manual', headers: { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      jar.set(name, value);
    }
    form = undefined;
    const location = response.headers.get('location');
    if (location?.startsWith(redirect)) return new URL(location).searchParams;
    if (location) {
      address = new URL(location, address).href;
    } else {
      const prompt = /name="prompt" value="(\w+)"/.exec(await response.text())?.[1];
      if (!prompt) throw new Error(`${response.status} without a form at ${address}`);
      form = new URLSearchParams(prompt === 'login' ? { prompt, login, password: 'any' } : { prompt });
    }
  }
  throw new Error('redirects without end');
}

async function tokenOfPerson(issuer, { login, resource, scope }) {
  const verifier = randomBytes(32).toString('base64url');
  const common = { client_id: 'page', redirect_uri: redirect, resource };
  const answer = await browse(`${issuer}/auth?${new URLSearchParams({
    ...common, response_type: 'code', scope: `openid ${scope}`, code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  })}`, login);
  if (!answer.has('code')) throw new Error(`${answer}`);
  return (await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...common, grant_type: 'authorization_code', code: answer.get('code'), code_verifier: verifier }),
  })).json();
}

let callback;
const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const end = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  try {
    if (request.method === 'POST' && url.pathname === '/rotate') {
      callback = newProvider(issuer()).callback();
      end(200, {});
    } else if (url.pathname === '/person') {
      end(200, await tokenOfPerson(issuer(), Object.fromEntries(url.searchParams)));
    } else {
      callback(request, response);
    }
  } catch (e) {
    end(500, { error: `${e.stack}` });
  }
});
const issuer = () => `http://127.0.0.1:${server.address().port}`;
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  callback = newProvider(issuer()).callback();
  console.log(issuer());
});
process.stdin.resume().on('end', () => process.exit());
