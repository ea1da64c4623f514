// A strict reader of XML 1.0 (Fifth Edition) without document types, comments, CDATA and processing instructions: whatever
// is not well-formed, or not in this subset, is thrown.

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All character data directly inside, entities resolved. */
  readonly text: string;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAME = '[A-Za-z_][A-Za-z0-9_.-]*';
/** A tag with its attributes, or character data. */
const PIECE = new RegExp(`<(/?)(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>|([^<]+)`, 'y');
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** The root element. @throws Error that says what is not XML, and where */
export function readXml(document: string): XmlElement {
  if (!document.startsWith(DECLARATION)) throw new Error('no XML declaration');
  for (const char of document)
    if (!isChar(char.codePointAt(0)!)) throw new Error(`not a Char: ${JSON.stringify(char)}`);
  const top: Open = { name: '', attributes: new Map(), children: [], text: '' };
  const open = [top];
  PIECE.lastIndex = DECLARATION.length;
  while (PIECE.lastIndex < document.length) {
    const at = PIECE.lastIndex;
    const match = PIECE.exec(document);
    if (!match) throw new Error(`not XML: ${JSON.stringify(document.slice(at, at + 60))}`);
    const [, closing, name, attributes, empty, text] = match;
    const current = open.at(-1)!;
    if (text !== undefined) {
      if (text.includes(']]>')) throw new Error(`]]> in character data: ${JSON.stringify(text)}`);
      current.text += resolved(text);
    } else if (closing !== '') {
      if (current.name !== name || attributes !== '' || empty !== '')
        throw new Error(`</${name}> in <${current.name}>`);
      open.pop();
    } else {
      const element: Open = { name: name!, attributes: attributesOf(attributes!), children: [], text: '' };
      current.children.push(element);
      if (empty === '') open.push(element);
    }
  }
  if (open.length !== 1) throw new Error(`<${open.at(-1)!.name}> is not closed`);
  if (top.text.trim() !== '' || top.children.length !== 1) throw new Error('not one root element');
  return top.children[0]!;
}

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name, double, single] of text.matchAll(new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g'))) {
    if (attributes.has(name!)) throw new Error(`attribute ${name} is there twice`);
    // Attribute-value normalization (3.3.3): only references survive as other white space than blanks.
    attributes.set(name!, resolved((double ?? single!).replace(/[\t\r\n]/g, ' ')));
  }
  return attributes;
}

function resolved(text: string): string {
  return text.replace(/&([^;&]*)(;?)/g, (whole, name: string, end: string) => {
    const [, hexadecimal, decimal] = /^#(?:x([0-9a-f]+)|([0-9]+))$/i.exec(name) ?? [];
    const code = hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
    const char = Number.isNaN(code) ? ENTITIES[name] : isChar(code) ? String.fromCodePoint(code) : undefined;
    if (char === undefined || end === '') throw new Error(`not a reference: ${whole}`);
    return char;
  });
}

/** Production 2. */
function isChar(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x1_0000 && code <= 0x10_ffff);
}
