/**
 * A proto file as the contract writes it: one line a field, an enum value, an rpc. Read from its descriptor, whose messages
 * (google/protobuf/descriptor.proto) are written out here as far as the lines need them.
 */
import { fromJSON } from '@grpc/proto-loader';

/** Lines by the name of what they belong to. */
type Tables = Readonly<Record<string, readonly string[]>>;

export interface ProtoTables {
  readonly package: string;
  /** 'name(Request) → stream Response' */
  readonly services: Tables;
  /** 'oneof: name* number type'; `*` = optional. */
  readonly messages: Tables;
  /** 'NAME number' */
  readonly enums: Tables;
}

interface Named {
  readonly name: string;
}

interface FileDescriptor extends Named {
  readonly package: string;
  readonly message_type?: readonly MessageDescriptor[];
  readonly enum_type?: readonly (Named & { readonly value: readonly (Named & { readonly number: number })[] })[];
  readonly service?: readonly (Named & { readonly method: readonly MethodDescriptor[] })[];
}

interface MessageDescriptor extends Named {
  readonly field?: readonly FieldDescriptor[];
  readonly nested_type?: readonly MessageDescriptor[];
  readonly oneof_decl?: readonly Named[];
}

interface FieldDescriptor extends Named {
  readonly number: number;
  readonly label: number;
  readonly type: number;
  readonly type_name?: string;
  readonly oneof_index?: number;
}

interface MethodDescriptor extends Named {
  readonly input_type: string;
  readonly output_type: string;
  readonly client_streaming?: boolean;
  readonly server_streaming?: boolean;
}

const text = (id: number) => ({ type: 'string', id });
const number = (id: number) => ({ type: 'int32', id });
const flag = (id: number) => ({ type: 'bool', id });
const list = (type: string, id: number) => ({ rule: 'repeated', type, id });

const definitions = fromJSON(
  {
    nested: {
      FileSet: { fields: { file: list('File', 1) } },
      File: {
        fields: {
          name: text(1),
          package: text(2),
          message_type: list('Message', 4),
          enum_type: list('Enum', 5),
          service: list('Service', 6),
        },
      },
      Message: {
        fields: {
          name: text(1),
          field: list('Field', 2),
          nested_type: list('Message', 3),
          oneof_decl: list('Oneof', 8),
        },
      },
      Field: {
        oneofs: { place: { oneof: ['oneof_index'] } },
        fields: {
          name: text(1),
          number: number(3),
          label: number(4),
          type: number(5),
          type_name: text(6),
          oneof_index: number(9),
        },
      },
      Oneof: { fields: { name: text(1) } },
      Enum: { fields: { name: text(1), value: list('Value', 2) } },
      Value: { fields: { name: text(1), number: number(2) } },
      Service: { fields: { name: text(1), method: list('Method', 2) } },
      Method: {
        fields: {
          name: text(1),
          input_type: text(2),
          output_type: text(3),
          client_streaming: flag(5),
          server_streaming: flag(6),
        },
      },
    },
  },
  { keepCase: true, defaults: false },
);

const REPEATED = 3;
const scalars: Readonly<Record<number, string>> = {
  1: 'double',
  3: 'int64',
  5: 'int32',
  8: 'bool',
  9: 'string',
  12: 'bytes',
};

/** The tables of one encoded google.protobuf.FileDescriptorProto. */
export function tablesOfFile(bytes: Buffer): ProtoTables {
  const file: FileDescriptor = JSON.parse(JSON.stringify(decode('File', bytes)));
  return tablesOf(file);
}

/** The tables of the file `name` in an encoded google.protobuf.FileDescriptorSet. */
export function tablesInSet(bytes: Buffer, name: string): ProtoTables {
  const set: { file: FileDescriptor[] } = JSON.parse(JSON.stringify(decode('FileSet', bytes)));
  const file = set.file.find((each) => each.name === name);
  if (file === undefined) throw new Error(`no ${name} among ${set.file.map((each) => each.name).join(', ')}`);
  return tablesOf(file);
}

function decode(name: string, bytes: Buffer): unknown {
  const deserialize: unknown = Reflect.get(definitions[name] ?? {}, 'deserialize');
  if (typeof deserialize !== 'function') throw new Error(`no message ${name}`);
  return deserialize(bytes);
}

function tablesOf(file: FileDescriptor): ProtoTables {
  const { message_type = [], enum_type = [], service = [] } = file;
  return {
    package: file.package,
    services: byName(service, ({ method }) => method.map(rpcLine)),
    messages: byName(message_type, fieldLines),
    enums: byName(enum_type, ({ value }) => value.map((each) => `${each.name} ${each.number ?? 0}`)),
  };
}

function byName<T extends Named>(parts: readonly T[], linesOf: (part: T) => string[]): Tables {
  return Object.fromEntries(parts.map((part) => [part.name, linesOf(part)]));
}

function rpcLine({ name, input_type, output_type, client_streaming, server_streaming }: MethodDescriptor): string {
  const message = (isStream: boolean | undefined, type: string) => `${isStream ? 'stream ' : ''}${shortName(type)}`;
  return `${name}(${message(client_streaming, input_type)}) → ${message(server_streaming, output_type)}`;
}

function fieldLines({ field = [], oneof_decl = [], nested_type = [] }: MessageDescriptor): string[] {
  return field.map((each) => {
    const oneof = each.oneof_index === undefined ? undefined : oneof_decl[each.oneof_index]?.name;
    // An optional field stands in a oneof of its own, named after it.
    const isOptional = oneof === `_${each.name}`;
    const group = oneof === undefined || isOptional ? '' : `${oneof}: `;
    return `${group}${each.name}${isOptional ? '*' : ''} ${each.number} ${typeOf(each, nested_type)}`;
  });
}

function typeOf({ label, type, type_name }: FieldDescriptor, nested: readonly MessageDescriptor[]): string {
  const name = type_name === undefined ? (scalars[type] ?? `type ${type}`) : shortName(type_name);
  const entry = nested.find((each) => each.name === name);
  if (entry !== undefined) return `map<${entry.field?.map((field) => typeOf(field, [])).join(',')}>`;
  return `${label === REPEATED ? 'repeated ' : ''}${name}`;
}

/** Names are given in full by some writers of descriptors and not by others. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
