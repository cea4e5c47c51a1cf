// What Node's gRPC gets from the service, against what REST gives: node check.mjs [REST] [GRPC]. Says 'ok' for each fact, or fails.
import assert from 'node:assert/strict';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { GrpcReflection } from 'grpc-js-reflection-client';

const [rest = 'localhost:8080', address = 'localhost:8081'] = process.argv.slice(2);
const EVENTS = 100_000;

const options = { keepCase: true, longs: String, defaults: true, oneofs: true };
const protos = fileURLToPath(new URL('../../../protos', import.meta.url));
const { eventservice } = grpc.loadPackageDefinition(protoLoader.loadSync('eventservice/v1/events.proto', { ...options, includeDirs: [protos] }));
const plain = grpc.credentials.createInsecure();
const client = new eventservice.v1.Events(address, plain);

/** The messages of a call and its trailers; rejects with the error of the call. */
function read(call) {
  const parts = [];
  let trailers;
  return new Promise((resolve, reject) => {
    call.on('data', part => parts.push(part));
    call.on('status', status => { trailers = status.metadata; });
    call.on('error', reject);
    call.on('end', () => setImmediate(() => resolve({ parts, trailers })));
  });
}

async function fails(code, promise, detail = '') {
  const error = await promise.then(() => null, e => e);
  assert.equal(error?.code, code, `${error}`);
  assert.ok(error.details.includes(detail), error.details);
}

/** Fields of a NumPy file of records, and a view on them. */
function npy(file) {
  const start = 10 + file.readUInt16LE(8);
  const header = file.toString('latin1', 10, start);
  const fields = new Map();
  let length = 0;
  for (const [, name, type, shape] of header.matchAll(/\('(\w+)', '<(\w\d)'(?:, \((\d+),\))?\)/g)) {
    fields.set(name, { offset: length, count: Number(shape ?? 1), bytes: Number(type[1]) });
    length += Number(type[1]) * Number(shape ?? 1);
  }
  return { fields, row: k => file.subarray(start + k * length, start + (k + 1) * length) };
}

async function post(path) {
  const answer = await fetch(`http://${rest}${path}`, { method: 'POST' });
  assert.equal(answer.status, 200);
  return { body: Buffer.from(await answer.arrayBuffer()), receipt: JSON.parse(answer.headers.get('EventService-Receipt')) };
}

/** Every number of the blocks has the bytes that it has in the NumPy file. */
function compare(start, blocks, table) {
  let row = 0, numbers = 0;
  for (const block of blocks) {
    for (let k = 0; k < block.count; k++, row++) {
      const record = table.row(row);
      const same = (name, bytes, at, index = 0) => {
        const { offset, bytes: size } = table.fields.get(name);
        assert.equal(bytes.compare(record, offset + size * index, offset + size * (index + 1), size * at, size * (at + 1)), 0, `${name} of event ${row}`);
        numbers++;
      };
      same('event', block.event_number, k);
      start.schema.scalars.forEach((column, s) => same(column.name, block.scalars[s], k));
      start.schema.collections.forEach((collection, c) => {
        const { offsets, columns } = block.collections[c];
        const [first, end] = [offsets.readInt32LE(4 * k), offsets.readInt32LE(4 * k + 4)];
        assert.equal(end - first, record.readInt32LE(table.fields.get(`n${collection.name}`).offset));
        collection.columns.forEach((column, x) => {
          for (let i = first; i < end; i++) {
            same(`${collection.name}_${column.name}`, columns[x], i, i - first);
          }
        });
      });
    }
  }
  assert.equal(row, EVENTS);
  assert.ok(numbers > 10 * EVENTS);
}

const expected = await post(`/generate?process=ttbar&n=${EVENTS}&seed=18446744073709551615&format=npy`);
const { parts, trailers } = await read(client.Generate({ process: 'ttbar', n: EVENTS, seed: '18446744073709551615' }));
const [start, end] = [parts[0].start, parts.at(-1).end];
compare(start, parts.slice(1, -1).map(p => p.block), npy(expected.body));
console.log(`ok: ${EVENTS} events are those of REST, bit for bit`);

const receipt = { ...expected.receipt, format: 'grpc' };
assert.deepEqual(JSON.parse(start.receipt.json), receipt);
assert.deepEqual(JSON.parse(trailers.get('eventservice-receipt')[0]), receipt);
assert.deepEqual(end, { events: `${EVENTS}`, generated: `${EVENTS}`, receipt: start.receipt });
assert.equal(start.receipt.seed, '18446744073709551615');
console.log('ok: the receipt is that of REST, first, last and in the trailers');

const packing = new eventservice.v1.Events(address, plain, { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
const packed = await read(packing.Generate({ process: 'ttbar', n: 1000, seed: '18446744073709551615' }));
const missing = list => Buffer.concat(list.flatMap(p => p.block ? [p.block.scalars[1]] : []));
assert.equal(missing(packed.parts).compare(missing(parts).subarray(0, 4000)), 0);
console.log('ok: packed by gzip the events are the same');

/** Waits until no request has workers. */
async function idle() {
  for (let i = 0; i < 100; i++) {
    const text = await (await fetch(`http://${rest}/metrics`)).text();
    const inside = [...text.matchAll(/^eventservice_requests_inside\w*(?:\{[^}]*\})? (\d+)/gm)];
    assert.ok(inside.length > 0);
    if (inside.every(([, n]) => n === '0')) {
      return;
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  assert.fail('a request that has ended still has its workers');
}

const cancelled = client.Generate({ process: 'ttbar', n: 100_000_000 });
let seen = 0;
cancelled.on('data', () => { if (++seen === 5) cancelled.cancel(); });
await fails(grpc.status.CANCELLED, new Promise((resolve, reject) => cancelled.on('error', reject).on('end', resolve)));
await idle();
console.log('ok: a call cancelled midway gives its workers back');

await fails(grpc.status.DEADLINE_EXCEEDED, read(client.Generate({ process: 'ttbar', n: 100_000_000 }, { deadline: Date.now() + 500 })));
await idle();
console.log('ok: a deadline ends the call and its work');

await fails(grpc.status.NOT_FOUND, read(client.Generate({ process: 'ttbra' })), "Known: 'cms-zee', 'gluino', 'gluino-observables', 'gluino-zero-lepton', 'higgs-background', 'higgs-signal', 'stop', 't5qqqqww', 'ttbar', 'zprime'");
await fails(grpc.status.INVALID_ARGUMENT, read(client.Generate({ process: 'ttbar', n: 0 })), 'n is ');
const raw = path => bytes => read(client.makeServerStreamRequest(path, x => x, x => x, bytes, new grpc.Metadata(), {}));
await fails(grpc.status.INTERNAL, raw('/eventservice.v1.Events/Generate')(Buffer.from([0xff, 0xff, 0xff])), 'not the protobuf that is expected');
await fails(grpc.status.RESOURCE_EXHAUSTED, raw('/eventservice.v1.Events/Generate')(Buffer.alloc(5 << 20)), 'expected at most 4194304');
await fails(grpc.status.UNIMPLEMENTED, raw('/eventservice.v1.Events/Explode')(Buffer.alloc(0)));
for (const garbage of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(1000, 0xff)])]) {
  await new Promise((resolve, reject) => {
    const [host, port] = address.split(':');
    const socket = net.connect(Number(port), host, () => socket.end(garbage));
    socket.setTimeout(10_000, () => reject(new Error('garbage is not answered')));
    socket.on('error', resolve).on('close', resolve).resume();
  });
}
console.log('ok: errors and garbage are answered with their reasons');

// A client that knows no proto learns all from the server.
for (const version of ['v1', 'v1alpha']) {
  const reflection = new GrpcReflection(address, plain, {}, version);
  assert.ok((await reflection.listServices()).includes('eventservice.v1.Events'));
  const learned = (await reflection.getDescriptorBySymbol('eventservice.v1.Models')).getPackageObject(options);
  const models = new learned.eventservice.v1.Models(address, plain);
  const answer = await new Promise((resolve, reject) => models.ListProcesses({}, (error, value) => error ? reject(error) : resolve(value)));
  assert.deepEqual(answer.processes.map(p => p.process), ['cms-zee', 'gluino', 'gluino-observables', 'gluino-zero-lepton', 'higgs-background', 'higgs-signal', 'stop', 't5qqqqww', 'ttbar', 'zprime']);
}
console.log('ok: reflection, both versions');
process.exit(0);
