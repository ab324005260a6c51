// Reads one JSON question from standard input and answers it with Agora's own package.
//   {"read": [{text, certificate}]}   -> what each token says and whether it verifies
//   {"build": [{token, certificate}]} -> the text of each token
//   {"make": [{builder, method, args}]} -> the text its ready-made builders give
const { readFileSync } = require("node:fs");
const agora = require("agora-token");
const wire = require("agora-token/src/AccessToken2");

// Service number -> its class and the fields of its tail, by our names.
const LAYOUTS = {
  1: [wire.ServiceRtc, { channel: "__channel_name", uid: "__uid" }],
  2: [wire.ServiceRtm, { user_id: "__user_id" }],
  3: [wire.ServiceStreaming, { channel: "__channel_name", account: "__account" }],
  4: [wire.ServiceFpa, {}],
  5: [wire.ServiceChat, { user_id: "__user_id" }],
  6: [wire.ServiceFCdn, { channel: "__channel_name", account: "__account" }],
  7: [wire.ServiceApaas, { room_uuid: "__room_uuid", user_uuid: "__user_uuid", role: "__role" }],
  8: [wire.ServiceRtm2, { user_id: "__user_id", permissions: "__permissions" }],
  9: [wire.ServiceConvoAI, {}],
  10: [wire.ServiceStt, {}],
};

function plain(value) {
  if (Buffer.isBuffer(value)) return value.toString();
  if (value instanceof wire.Rtm2Permissions) return value.details;
  if (typeof value === "number") return (value << 16) >> 16; // it reads the i16 role as u16
  return value;
}

function readService(service) {
  const [, tail] = LAYOUTS[service.service_type()];
  const said = { type: service.service_type(), privileges: service.__privileges };
  for (const [ours, theirs] of Object.entries(tail)) said[ours] = plain(service[theirs]);
  return said;
}

function read({ text, certificate }) {
  const token = new wire.AccessToken2("", "", 0, 0);
  if (!token.from_string(text)) return null;
  return {
    app_id: plain(token.appId),
    issued_at: token.issueTs,
    ttl: token.expire,
    salt: token.salt,
    services: token.services.map(readService),
    verified: token.verifySignature(certificate),
  };
}

function makeService({ type, privileges, ...tail }) {
  const [Service, names] = LAYOUTS[type];
  const service = new Service();
  for (const [ours, value] of Object.entries(tail)) service[names[ours]] = value;
  if (type === 8) {
    service.__permissions = new wire.Rtm2Permissions();
    service.__permissions.details = tail.permissions;
  }
  for (const [id, seconds] of Object.entries(privileges)) service.add_privilege(id, seconds);
  return service;
}

function build({ token, certificate }) {
  const made = new wire.AccessToken2(token.app_id, certificate, 1, token.ttl);
  made.issueTs = token.issued_at; // its constructor takes 0 for "now"
  made.salt = token.salt;
  for (const service of token.services) made.add_service(makeService(service));
  return made.build();
}

const make = ({ builder, method, args }) => agora[builder][method](...args);

const [[what, questions]] = Object.entries(JSON.parse(readFileSync(0, "utf8")));
process.stdout.write(JSON.stringify(questions.map({ read, build, make }[what])));
