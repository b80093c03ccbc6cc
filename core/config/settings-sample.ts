/**
 * The settings as a file to begin with: docs/edgedive.sample.yml is this text. Every key is there, commented out, with its
 * default. A line is a setting when its `#` is followed by a key, and words when it is followed by a blank and a word.
 */
import { SETTINGS, type Setting } from './settings.ts';

const HEAD = `# Every setting of Edgedive with its default, for edgedive.yml. Take the # away from a line, and from the sections above it, to
# set it; a key without a value is not set. What they mean together: configuration.md. What a file means: edgedive config check
#
# Made from core/config/settings.ts by \`npm run gen\`; change it there.
`;

interface Section {
  readonly settings: Map<string, Setting>;
  readonly sections: Map<string, Section>;
}

const emptySection = (): Section => ({ settings: new Map(), sections: new Map() });

export function sampleFile(): string {
  const top = emptySection();
  for (const setting of SETTINGS) {
    const path = setting.key.split('.');
    const name = path.pop()!;
    let section = top;
    for (const part of path) {
      const inner = section.sections.get(part) ?? emptySection();
      section.sections.set(part, inner);
      section = inner;
    }
    section.settings.set(name, setting);
  }
  return `${HEAD}${linesOf(top, 0).join('\n')}\n`;
}

function linesOf({ settings, sections }: Section, depth: number): string[] {
  const indent = '  '.repeat(depth);
  return [
    ...[...settings].flatMap(([name, { text, variable, default: otherwise, isSecret }]) => [
      '',
      `# ${text}${isSecret === true ? '; secret' : ''} (${variable})`,
      `#${indent}${name}:${otherwise === '' ? '' : ` ${scalar(otherwise)}`}`,
    ]),
    ...[...sections].flatMap(([name, section]) =>
      [`\n#${indent}${name}:`].concat(linesOf(section, depth + 1)),
    ),
  ];
}

const scalar = (text: string): string => (/^[\w./][\w.:/-]*$/.test(text) ? text : JSON.stringify(text));
