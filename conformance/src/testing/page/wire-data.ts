/** Headers or trailers. What crosses the border between the test and the page is JSON. */
export type HeaderData = readonly (readonly [string, string])[];

/** The failure of a call. */
export interface ErrorData {
  readonly code: number;
  readonly message: string;
  readonly metadata: HeaderData;
  /** The details, with values in base64. */
  readonly details: readonly { readonly type: string; readonly value: string }[];
  /** The cause, as text, when there was one. */
  readonly cause?: string;
}

/** How to start a call. */
export interface CallData {
  /** `/resonite_io.v1.<Service>/<Method>`. */
  readonly path: string;
  readonly header: HeaderData;
  readonly timeoutMs: number | undefined;
}

/** Something that worked, or failed. */
export type Outcome<T> = { readonly value: T } | { readonly error: ErrorData };

/** The answer to a unary call, with the message in base64. */
export interface AnswerData {
  readonly header: HeaderData;
  readonly trailer: HeaderData;
  readonly message: string;
}

/** The next message of a stream, in base64, or its end. */
export type NextData = { readonly message: string } | { readonly trailer: HeaderData };
