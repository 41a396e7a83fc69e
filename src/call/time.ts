/** The longest that a timer can wait, 24.8 days; a longer one would fire at once. It is what a delay is where its timeout is off. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
