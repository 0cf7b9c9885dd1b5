// Apart from the chart that draws them, so that what is pure needs no browser.

export interface XyPoint {
  readonly x: number;
  readonly y: number;
  /** Ends of the interval around y, drawn as whiskers. */
  readonly low?: number;
  readonly high?: number;
  /** What the point is, for the tooltip. */
  readonly title: string;
}

export interface XySeries {
  readonly name: string;
  readonly points: readonly XyPoint[];
  /** Its place among the marks and colours: `MARKS`, `ChartTheme.series`. */
  readonly mark: number;
  /** Joined by a line, in this many dashes; null = points alone. */
  readonly dash: readonly number[] | null;
  readonly hollow?: boolean;
  /** Radius of a mark in pixels. */
  readonly size?: number;
}

export interface XyAxis {
  readonly label: string;
  readonly min?: number;
  readonly max?: number;
  /** Names of the values 0, 1 …; the axis is then a list of them. */
  readonly names?: readonly string[];
  readonly format?: (value: number) => string;
  /** Without numbers: only nearness means something. */
  readonly bare?: boolean;
}

/** Points in the plane, joined or not, and what their axes are. */
export interface XyCurves {
  readonly x: XyAxis;
  readonly y: XyAxis;
  readonly series: readonly XySeries[];
  /** What the tooltip says of a value of y. */
  readonly format: (point: XyPoint) => string;
}
