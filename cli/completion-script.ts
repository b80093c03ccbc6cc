/** Completion scripts for shells, from a plain list of commands and their words. */

/** A command, by the words that lead to it, and what may follow. */
export interface Word {
  readonly path: readonly string[];
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly {
    readonly name: string;
    /** `-f`; "" for none. */
    readonly short: string;
    readonly about: string;
    readonly takesValue: boolean;
    readonly choices: readonly string[];
    /** Taken by every command. */
    readonly isCommon: boolean;
  }[];
  /** Values of the command's own arguments. */
  readonly choices: readonly string[];
  /** The first word of the command when it takes ids that the analyzer knows; "" otherwise. */
  readonly ids: string;
}

/** bash 4 or newer: the commands typed so far pick the list of words. */
export function bashScript(name: string, words: readonly Word[]): string {
  const cases = words.map((word) => {
    const all = [
      ...word.commands.map((one) => one.name),
      ...word.choices,
      ...word.options.flatMap((one) => (one.short === '' ? [one.name] : [one.name, one.short])),
    ];
    const ids = word.ids === '' ? '' : `" $(${name} ids ${word.ids} 2>/dev/null)"`;
    return `    ${quote(word.path.join(' '))}) words=${quote(all.join(' '))}${ids} ;;`;
  });
  const values = valuesOf(words).map(
    ([option, choices]) =>
      `    ${option}) COMPREPLY=($(compgen -W ${quote(choices.join(' '))} -- "$cur")); return ;;`,
  );
  const commands = [...new Set(words.flatMap((word) => word.path))];
  return `_${name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word
  case "$prev" in
${[...values, `    --file|--trace|-t|--cacert|--cert|--key|--pcap) COMPREPLY=($(compgen -f -- "$cur")); return ;;`].join('\n')}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in ${commands.join('|')}) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _${name} ${name}`;
}

/** zsh runs the script for bash. */
export function zshScript(name: string, words: readonly Word[]): string {
  return `#compdef ${name}
autoload -U +X bashcompinit && bashcompinit
${bashScript(name, words)}`;
}

export function fishScript(name: string, words: readonly Word[]): string {
  const lines = words.flatMap((word) => {
    const seen = word.path.map((part) => `__fish_seen_subcommand_from ${part}`);
    const others = word.commands.map((one) => one.name).join(' ');
    const before = others === '' ? seen : [...seen, `not __fish_seen_subcommand_from ${others}`];
    const when = before.length === 0 ? '' : ` -n ${quote(before.join('; and '))}`;
    const rows = [
      ...word.commands.map((one) => `-a ${one.name} -d ${quote(one.about)}`),
      ...word.choices.map((choice) => `-a ${choice}`),
      ...(word.ids === '' ? [] : [`-a ${quote(`(${name} ids ${word.ids} 2>/dev/null)`)}`]),
    ];
    const flags = word.options
      .filter((one) => !one.isCommon || word.path.length === 0)
      .map((one) => {
        const values =
          one.choices.length > 0 ? ` -xa ${quote(one.choices.join(' '))}` : one.takesValue ? ' -r' : '';
        const short = one.short === '' ? '' : ` -s ${one.short.slice(1)}`;
        const row = `-l ${one.name.slice(2)}${short}${values} -d ${quote(one.about)}`;
        return `complete -c ${name}${one.isCommon ? '' : when} ${row}`;
      });
    return [...rows.map((row) => `complete -c ${name}${when} ${row}`), ...flags];
  });
  return [`complete -c ${name} -f`, ...lines].join('\n');
}

function valuesOf(words: readonly Word[]): readonly (readonly [string, readonly string[]])[] {
  const values = new Map<string, Set<string>>();
  for (const { name, short, choices } of words.flatMap((word) => word.options)) {
    const pattern = short === '' ? name : `${name}|${short}`;
    for (const choice of choices) values.set(pattern, (values.get(pattern) ?? new Set()).add(choice));
  }
  return [...values].map(([option, choices]) => [option, [...choices]]);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
