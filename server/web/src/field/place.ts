// Points as documents hold them: `lat,lon,accuracy in metres,unix seconds,source`. The Rust side is `schemas/src/form/point.rs`.

/** Measured at the house, or noted by somebody who stood somewhere else. */
export type Source = 'gps' | 'elsewhere'

export function pointOf(position: GeolocationPosition, source: Source): string {
  const { latitude, longitude, accuracy } = position.coords
  const parts = [degrees(latitude), degrees(longitude), Math.ceil(accuracy), Math.floor(position.timestamp / 1000), source]
  return parts.join(',')
}

/** At most six decimals, some ten centimetres. */
function degrees(value: number): string {
  return String(Number(value.toFixed(6)))
}
