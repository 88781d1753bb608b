import { blobSource } from "@resoio/recording";
import { fromBase64 } from "./base64.ts";
import { type HeardInRecording, hearRecording } from "./heard-in-recording.ts";

/** What runs in the page for the tests of recordings. */
export class PageRecordings {
  /** Opens a recording as a page opens a file of its user, and plays it. The bytes are base64. */
  async hear(recording: string, cameraTopic: string): Promise<HeardInRecording> {
    return await hearRecording(blobSource(new Blob([fromBase64(recording)])), cameraTopic);
  }
}
