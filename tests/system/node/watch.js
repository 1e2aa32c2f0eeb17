// A push client as phones and web mail are built on imapflow: it opens a mailbox with QRESYNC, waits in IDLE, and says on
// its standard output, one JSON object a line, what it hears. A line on its standard input is a command for it.

'use strict';

const readline = require('readline');
const { ImapFlow } = require('imapflow');

const [port, user, password, mailbox, since] = process.argv.slice(2);
const say = (event, facts) => console.log(JSON.stringify({ event, ...facts }));
const plain = (value) => (typeof value === 'bigint' ? value.toString() : value);

const client = new ImapFlow({
    host: '127.0.0.1',
    port: Number(port),
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user, pass: password },
    logger: false,
    qresync: true,
    disableAutoIdle: false
});
client.on('exists', (data) => say('exists', { count: data.count, before: data.prevCount }));
client.on('expunge', (data) => say('expunge', { uid: data.uid, seq: data.seq, vanished: data.vanished, earlier: data.earlier }));
client.on('flags', (data) => say('flags', { uid: data.uid, seq: data.seq, modseq: plain(data.modseq), flags: [...data.flags] }));
client.on('error', (problem) => say('error', { text: problem.message }));

const commands = {
    async list() {
        const found = [];
        for await (const message of client.fetch('1:*', { uid: true, flags: true, envelope: true, bodyStructure: true })) {
            found.push({ uid: message.uid, flags: [...message.flags], subject: message.envelope.subject });
        }
        say('list', { found });
    },
    async flag(uid, flag) {
        say('flag', { done: await client.messageFlagsAdd(uid, [flag], { uid: true }) });
    },
    async move(uid, target) {
        const moved = await client.messageMove(uid, target, { uid: true });
        say('move', { to: [...moved.uidMap.values()] });
    },
    async remove(uid) {
        say('remove', { done: await client.messageDelete(uid, { uid: true }) });
    },
    async append(subject) {
        say('append', { uid: (await client.append(mailbox, `Subject: ${subject}\r\n\r\nbody\r\n`)).uid });
    },
    async tree() {
        say('tree', { paths: (await client.list()).map((entry) => [entry.path, entry.specialUse || '']) });
    },
    async walk() {
        const paths = [];
        for (const { prefix } of [...(client.namespaces.other || []), ...(client.namespaces.shared || [])]) {
            paths.push(...(await client.run('LIST', '', prefix + '*')).map((entry) => [entry.path, [...entry.flags]]));
        }
        say('walk', { paths });
    },
    async quit() {
        await client.logout();
        process.exit(0);
    }
};

async function main() {
    await client.connect();
    const opened = await client.mailboxOpen(mailbox, since ? { changedSince: BigInt(since.split(':')[1]), uidValidity: BigInt(since.split(':')[0]) } : {});
    say('opened', {
        exists: opened.exists,
        modseq: plain(opened.highestModseq),
        validity: plain(opened.uidValidity),
        qresync: client.enabled.has('QRESYNC'),
        capabilities: [...client.capabilities.keys()]
    });
    const idle = () => client.idle().catch((problem) => say('error', { text: problem.message })); // until the next command
    idle();
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const [command, ...words] = line.split(' ');
        await commands[command](...words);
        idle();
    }
}

main().catch((problem) => {
    say('error', { text: problem.stack });
    process.exit(1);
});
