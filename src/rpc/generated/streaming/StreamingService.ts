// Original file: proto/streaming.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { InterruptRequest as _streaming_InterruptRequest, InterruptRequest__Output as _streaming_InterruptRequest__Output } from '../streaming/InterruptRequest.ts';
import type { InterruptResponse as _streaming_InterruptResponse, InterruptResponse__Output as _streaming_InterruptResponse__Output } from '../streaming/InterruptResponse.ts';
import type { StreamRequest as _streaming_StreamRequest, StreamRequest__Output as _streaming_StreamRequest__Output } from '../streaming/StreamRequest.ts';
import type { StreamResponse as _streaming_StreamResponse, StreamResponse__Output as _streaming_StreamResponse__Output } from '../streaming/StreamResponse.ts';
import type { UsageRequest as _streaming_UsageRequest, UsageRequest__Output as _streaming_UsageRequest__Output } from '../streaming/UsageRequest.ts';
import type { UsageResponse as _streaming_UsageResponse, UsageResponse__Output as _streaming_UsageResponse__Output } from '../streaming/UsageResponse.ts';
import type { WelcomeRequest as _streaming_WelcomeRequest, WelcomeRequest__Output as _streaming_WelcomeRequest__Output } from '../streaming/WelcomeRequest.ts';
import type { WelcomeResponse as _streaming_WelcomeResponse, WelcomeResponse__Output as _streaming_WelcomeResponse__Output } from '../streaming/WelcomeResponse.ts';

export interface StreamingServiceClient extends grpc.Client {
  GenerateWelcomeAudio(argument: _streaming_WelcomeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_streaming_WelcomeResponse__Output>;
  GenerateWelcomeAudio(argument: _streaming_WelcomeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_streaming_WelcomeResponse__Output>;
  generateWelcomeAudio(argument: _streaming_WelcomeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_streaming_WelcomeResponse__Output>;
  generateWelcomeAudio(argument: _streaming_WelcomeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_streaming_WelcomeResponse__Output>;
  
  InterruptSession(argument: _streaming_InterruptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streaming_InterruptResponse__Output>): grpc.ClientUnaryCall;
  InterruptSession(argument: _streaming_InterruptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streaming_InterruptResponse__Output>): grpc.ClientUnaryCall;
  InterruptSession(argument: _streaming_InterruptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streaming_InterruptResponse__Output>): grpc.ClientUnaryCall;
  InterruptSession(argument: _streaming_InterruptRequest, callback: grpc.requestCallback<_streaming_InterruptResponse__Output>): grpc.ClientUnaryCall;
  interruptSession(argument: _streaming_InterruptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streaming_InterruptResponse__Output>): grpc.ClientUnaryCall;
  interruptSession(argument: _streaming_InterruptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streaming_InterruptResponse__Output>): grpc.ClientUnaryCall;
  interruptSession(argument: _streaming_InterruptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streaming_InterruptResponse__Output>): grpc.ClientUnaryCall;
  interruptSession(argument: _streaming_InterruptRequest, callback: grpc.requestCallback<_streaming_InterruptResponse__Output>): grpc.ClientUnaryCall;
  
  ReportUsage(argument: _streaming_UsageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streaming_UsageResponse__Output>): grpc.ClientUnaryCall;
  ReportUsage(argument: _streaming_UsageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streaming_UsageResponse__Output>): grpc.ClientUnaryCall;
  ReportUsage(argument: _streaming_UsageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streaming_UsageResponse__Output>): grpc.ClientUnaryCall;
  ReportUsage(argument: _streaming_UsageRequest, callback: grpc.requestCallback<_streaming_UsageResponse__Output>): grpc.ClientUnaryCall;
  reportUsage(argument: _streaming_UsageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streaming_UsageResponse__Output>): grpc.ClientUnaryCall;
  reportUsage(argument: _streaming_UsageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streaming_UsageResponse__Output>): grpc.ClientUnaryCall;
  reportUsage(argument: _streaming_UsageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streaming_UsageResponse__Output>): grpc.ClientUnaryCall;
  reportUsage(argument: _streaming_UsageRequest, callback: grpc.requestCallback<_streaming_UsageResponse__Output>): grpc.ClientUnaryCall;
  
  StreamAudio(argument: _streaming_StreamRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_streaming_StreamResponse__Output>;
  StreamAudio(argument: _streaming_StreamRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_streaming_StreamResponse__Output>;
  streamAudio(argument: _streaming_StreamRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_streaming_StreamResponse__Output>;
  streamAudio(argument: _streaming_StreamRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_streaming_StreamResponse__Output>;
  
}

export interface StreamingServiceHandlers extends grpc.UntypedServiceImplementation {
  GenerateWelcomeAudio: grpc.handleServerStreamingCall<_streaming_WelcomeRequest__Output, _streaming_WelcomeResponse>;
  
  InterruptSession: grpc.handleUnaryCall<_streaming_InterruptRequest__Output, _streaming_InterruptResponse>;
  
  ReportUsage: grpc.handleUnaryCall<_streaming_UsageRequest__Output, _streaming_UsageResponse>;
  
  StreamAudio: grpc.handleServerStreamingCall<_streaming_StreamRequest__Output, _streaming_StreamResponse>;
  
}

export interface StreamingServiceDefinition extends grpc.ServiceDefinition {
  GenerateWelcomeAudio: MethodDefinition<_streaming_WelcomeRequest, _streaming_WelcomeResponse, _streaming_WelcomeRequest__Output, _streaming_WelcomeResponse__Output>
  InterruptSession: MethodDefinition<_streaming_InterruptRequest, _streaming_InterruptResponse, _streaming_InterruptRequest__Output, _streaming_InterruptResponse__Output>
  ReportUsage: MethodDefinition<_streaming_UsageRequest, _streaming_UsageResponse, _streaming_UsageRequest__Output, _streaming_UsageResponse__Output>
  StreamAudio: MethodDefinition<_streaming_StreamRequest, _streaming_StreamResponse, _streaming_StreamRequest__Output, _streaming_StreamResponse__Output>
}
