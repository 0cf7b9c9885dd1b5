/** Images on a page of the splitting panel's galleries: as many as the host sends, and the panel moves by. */
export const SEEDS_ON_PAGE = 24;
export const SUSPECTS_ON_PAGE = 48;
