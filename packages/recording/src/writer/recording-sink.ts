/** Where the bytes of a recording go. */
export interface RecordingSink {
  /**
   * Stores what follows. The next call comes when the promise has resolved; one that rejects ends the recording. The bytes may be
   * kept, but not changed.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing follows. Called once, also when the recording broke off. Default: nothing to do. */
  close?(): Promise<void>;
}
