/** Samples per second, of the microphone and of each channel of the speaker. */
export const sampleRateHz = 48_000;

/** Samples that pass in one audio step of 10 ms. */
export const samplesPerStep = 480;
