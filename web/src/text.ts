/** Numbers and names as the page writes them. */

export const seconds = (value: number): string => `${value.toFixed(2)} s`;

export const span = (startS: number, endS: number): string => `${startS.toFixed(2)}–${endS.toFixed(2)} s`;

export const millimetres = (value: number): string => (Number.isFinite(value) ? `${Math.round(value)} mm` : "–");

/** The last part of a clip's name: its file, with the body if the file holds several. */
export const fileName = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** A name that breaks between its words, if it has to. */
export function breakable(name: string): (string | HTMLElement)[] {
  return name.split(/(?<=[_-])|(?=\.)/).flatMap((word, at) => (at ? [document.createElement("wbr"), word] : [word]));
}
