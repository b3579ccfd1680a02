// Points as documents hold them: `lat,lon,accuracy in metres,unix seconds,source`. The Rust side is `schemas/src/form/point.rs`.

/** Measured at the house, or noted by somebody who stood somewhere else. */
export type Source = 'gps' | 'elsewhere'

export function pointOf(position: GeolocationPosition, source: Source): string {
  const { latitude, longitude, accuracy } = position.coords
  const parts = [degrees(latitude), degrees(longitude), Math.ceil(accuracy), Math.floor(position.timestamp / 1000), source]
  return parts.join(',')
}

/** Where this device is; anything measured at most so long ago will do. Refused where nobody may know or can tell. */
export function measured(maximumAge: number): Promise<GeolocationPosition> {
  const asked = { enableHighAccuracy: true, timeout: 60_000, maximumAge }
  return new Promise((found, refused) => navigator.geolocation.getCurrentPosition(found, refused, asked))
}

/** At most six decimals, some ten centimetres. */
function degrees(value: number): string {
  return String(Number(value.toFixed(6)))
}
