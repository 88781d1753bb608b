/** The longest time that a timer can wait, in milliseconds; a limit beyond it is as good as none. */
export const maxTimerMs = 0x7fffffff;
