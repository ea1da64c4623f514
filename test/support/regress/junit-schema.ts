// JUnit XML that both usual schemas take: what Jenkins' junit-10.xsd (jenkinsci/xunit-plugin) and Ant's JUnit.xsd (windyroad) have in common.
import { readXml, type XmlElement } from './xml.ts';

interface ElementRule {
  /** Children in this order. */
  readonly content: readonly { readonly names: readonly string[]; readonly least: number; readonly most: number }[];
  /** May it have character data other than white space? */
  readonly text: boolean;
  readonly required: Readonly<Record<string, RegExp>>;
  readonly optional: Readonly<Record<string, RegExp>>;
}

const STRING = /^/;
/** xs:token of at least one character, after its white space is collapsed. */
const TOKEN = /\S/;
/** xs:int, and a count. */
const COUNT = /^(0|[1-9][0-9]{0,8})$/;
/** SUREFIRE_TIME and xs:decimal. */
const SECONDS = /^[0-9]+(\.[0-9]+)?$/;
const MANY = Number.POSITIVE_INFINITY;
const PROBLEM: ElementRule = {
  content: [],
  text: true,
  required: { type: TOKEN },
  optional: { message: STRING },
};
const OUTPUT: ElementRule = { content: [], text: true, required: {}, optional: {} };

const RULES: Readonly<Record<string, ElementRule>> = {
  testsuites: {
    content: [{ names: ['testsuite'], least: 0, most: MANY }],
    text: false,
    required: {},
    optional: {},
  },
  testsuite: {
    content: [
      { names: ['properties'], least: 1, most: 1 },
      { names: ['testcase'], least: 0, most: MANY },
      { names: ['system-out'], least: 1, most: 1 },
      { names: ['system-err'], least: 1, most: 1 },
    ],
    text: false,
    required: {
      id: COUNT,
      package: TOKEN,
      name: TOKEN,
      timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/,
      hostname: TOKEN,
      tests: COUNT,
      failures: COUNT,
      errors: COUNT,
      time: SECONDS,
    },
    optional: { skipped: COUNT },
  },
  properties: { content: [{ names: ['property'], least: 0, most: MANY }], text: false, required: {}, optional: {} },
  property: { content: [], text: false, required: { name: TOKEN, value: STRING }, optional: {} },
  testcase: {
    content: [{ names: ['skipped', 'error', 'failure'], least: 0, most: 1 }],
    text: false,
    required: { name: STRING, classname: STRING, time: SECONDS },
    optional: {},
  },
  skipped: { content: [], text: true, required: {}, optional: { type: STRING, message: STRING } },
  failure: PROBLEM,
  error: PROBLEM,
  'system-out': OUTPUT,
  'system-err': OUTPUT,
};

/** The root of a valid report. @throws Error that says what is not valid, and in which element */
export function readJunit(document: string): XmlElement {
  const root = readXml(document);
  if (root.name !== 'testsuites' && root.name !== 'testsuite') throw new Error(`the root is <${root.name}>`);
  check(root);
  return root;
}

function check(element: XmlElement): void {
  const rule = RULES[element.name];
  if (!rule) throw new Error(`<${element.name}> is not in the schema`);
  for (const name of Object.keys(rule.required))
    if (!element.attributes.has(name)) throw new Error(`<${element.name}> has no ${name}`);
  for (const [name, value] of element.attributes) {
    const type = rule.required[name] ?? rule.optional[name];
    if (!type?.test(value)) throw new Error(`<${element.name} ${name}=${JSON.stringify(value)}>`);
  }
  if (!rule.text && element.text.trim() !== '') throw new Error(`text in <${element.name}>: ${element.text.trim()}`);
  checkContent(element, rule);
  if (element.name === 'testsuite') checkCounts(element);
  for (const child of element.children) check(child);
}

function checkContent({ name, children }: XmlElement, { content }: ElementRule): void {
  let next = 0;
  for (const { names, least, most } of content) {
    let count = 0;
    for (; count < most && next < children.length && names.includes(children[next]!.name); count++) next++;
    if (count < least) throw new Error(`<${name}> has no ${names.join(' or ')}`);
  }
  if (next < children.length) throw new Error(`<${children[next]!.name}> is out of place in <${name}>`);
}

/** No schema can say it: the counts are those of the testcases. */
function checkCounts({ attributes, children }: XmlElement): void {
  const cases = children.filter(({ name }) => name === 'testcase');
  const having = (name: string): number =>
    cases.filter((test) => test.children.some((child) => child.name === name)).length;
  const counts = {
    tests: cases.length,
    failures: having('failure'),
    errors: having('error'),
    skipped: having('skipped'),
  };
  for (const [name, count] of Object.entries(counts))
    if (attributes.has(name) && attributes.get(name) !== String(count))
      throw new Error(`<testsuite ${name}=${attributes.get(name)}> has ${count}`);
}
