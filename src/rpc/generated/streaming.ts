import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { ActionMessage as _streaming_ActionMessage, ActionMessage__Output as _streaming_ActionMessage__Output } from './streaming/ActionMessage.ts';
import type { AudioChunk as _streaming_AudioChunk, AudioChunk__Output as _streaming_AudioChunk__Output } from './streaming/AudioChunk.ts';
import type { BrowserProgressDetails as _streaming_BrowserProgressDetails, BrowserProgressDetails__Output as _streaming_BrowserProgressDetails__Output } from './streaming/BrowserProgressDetails.ts';
import type { BrowserProgressMessage as _streaming_BrowserProgressMessage, BrowserProgressMessage__Output as _streaming_BrowserProgressMessage__Output } from './streaming/BrowserProgressMessage.ts';
import type { InterruptRequest as _streaming_InterruptRequest, InterruptRequest__Output as _streaming_InterruptRequest__Output } from './streaming/InterruptRequest.ts';
import type { InterruptResponse as _streaming_InterruptResponse, InterruptResponse__Output as _streaming_InterruptResponse__Output } from './streaming/InterruptResponse.ts';
import type { StreamRequest as _streaming_StreamRequest, StreamRequest__Output as _streaming_StreamRequest__Output } from './streaming/StreamRequest.ts';
import type { StreamResponse as _streaming_StreamResponse, StreamResponse__Output as _streaming_StreamResponse__Output } from './streaming/StreamResponse.ts';
import type { StreamingServiceClient as _streaming_StreamingServiceClient, StreamingServiceDefinition as _streaming_StreamingServiceDefinition } from './streaming/StreamingService.ts';
import type { UsageRequest as _streaming_UsageRequest, UsageRequest__Output as _streaming_UsageRequest__Output } from './streaming/UsageRequest.ts';
import type { UsageResponse as _streaming_UsageResponse, UsageResponse__Output as _streaming_UsageResponse__Output } from './streaming/UsageResponse.ts';
import type { WelcomeMetadata as _streaming_WelcomeMetadata, WelcomeMetadata__Output as _streaming_WelcomeMetadata__Output } from './streaming/WelcomeMetadata.ts';
import type { WelcomeRequest as _streaming_WelcomeRequest, WelcomeRequest__Output as _streaming_WelcomeRequest__Output } from './streaming/WelcomeRequest.ts';
import type { WelcomeResponse as _streaming_WelcomeResponse, WelcomeResponse__Output as _streaming_WelcomeResponse__Output } from './streaming/WelcomeResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  streaming: {
    ActionMessage: MessageTypeDefinition<_streaming_ActionMessage, _streaming_ActionMessage__Output>
    AudioChunk: MessageTypeDefinition<_streaming_AudioChunk, _streaming_AudioChunk__Output>
    BrowserEventType: EnumTypeDefinition
    BrowserProgressDetails: MessageTypeDefinition<_streaming_BrowserProgressDetails, _streaming_BrowserProgressDetails__Output>
    BrowserProgressMessage: MessageTypeDefinition<_streaming_BrowserProgressMessage, _streaming_BrowserProgressMessage__Output>
    InterruptRequest: MessageTypeDefinition<_streaming_InterruptRequest, _streaming_InterruptRequest__Output>
    InterruptResponse: MessageTypeDefinition<_streaming_InterruptResponse, _streaming_InterruptResponse__Output>
    RequestPhase: EnumTypeDefinition
    StreamRequest: MessageTypeDefinition<_streaming_StreamRequest, _streaming_StreamRequest__Output>
    StreamResponse: MessageTypeDefinition<_streaming_StreamResponse, _streaming_StreamResponse__Output>
    StreamingService: SubtypeConstructor<typeof grpc.Client, _streaming_StreamingServiceClient> & { service: _streaming_StreamingServiceDefinition }
    UsageRequest: MessageTypeDefinition<_streaming_UsageRequest, _streaming_UsageRequest__Output>
    UsageResponse: MessageTypeDefinition<_streaming_UsageResponse, _streaming_UsageResponse__Output>
    WelcomeMetadata: MessageTypeDefinition<_streaming_WelcomeMetadata, _streaming_WelcomeMetadata__Output>
    WelcomeRequest: MessageTypeDefinition<_streaming_WelcomeRequest, _streaming_WelcomeRequest__Output>
    WelcomeResponse: MessageTypeDefinition<_streaming_WelcomeResponse, _streaming_WelcomeResponse__Output>
  }
}

