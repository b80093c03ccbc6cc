/** Completion scripts for shells, from a plain list of commands and their words. */

/** A command, by the words that lead to it, and what may follow. */
export interface Word {
  readonly path: readonly string[];
  /** Other names of the last of them. */
  readonly aliases: readonly string[];
  readonly commands: readonly {
    readonly name: string;
    readonly aliases: readonly string[];
    readonly about: string;
  }[];
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
      ...word.commands.flatMap((one) => [one.name, ...one.aliases]),
      ...word.choices,
      ...word.options.flatMap((one) => (one.short === '' ? [one.name] : [one.name, one.short])),
    ];
    const ids = word.ids === '' ? '' : `" $(${name} "\${connection[@]}" ids ${word.ids} 2>/dev/null)"`;
    return `    ${quote(word.path.join(' '))}) words=${quote(all.join(' '))}${ids} ;;`;
  });
  const values = valuesOf(words).map(
    ([option, choices]) =>
      `    ${option}) COMPREPLY=($(compgen -W ${quote(choices.join(' '))} -- "$cur")); return ;;`,
  );
  // A word leads on only from where it is a command; elsewhere it is somebody's value.
  const steps = words
    .filter(({ path }) => path.length > 0)
    .map(({ path, aliases }) => {
      const before = path.slice(0, -1).join(' ');
      const names = [path.at(-1)!, ...aliases].map((last) => quote(`${before}/${last}`));
      return `      ${names.join('|')}) path=${quote(path.join(' '))} ;;`;
    });
  return `_${name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word flag="" connection=()
  case "$prev" in
${[...values, `    --file|--trace|-t|--cacert|--cert|--key|--pcap) COMPREPLY=($(compgen -f -- "$cur")); return ;;`].join('\n')}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$flag" in
      ?*) case "$flag" in ${connectionFlags(words).join('|')}) connection+=("$flag" "$word") ;; esac; flag=""; continue ;;
    esac
    case "$word" in ${valueFlags(words).join('|')}) flag="$word"; continue ;; esac
    case "$path/$word" in
${steps.join('\n')}
    esac
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
  const connection = `function __${name}_connection
  set -l flag ''
  for word in (commandline -opc)
    if test -n "$flag"
      echo $flag
      echo $word
      set flag ''
    else if contains -- $word ${connectionFlags(words).join(' ')}
      set flag $word
    end
  end
end`;
  const lines = words.flatMap((word) => {
    const seen = word.path.map((part, at) => {
      const names = at === word.path.length - 1 ? [part, ...word.aliases] : namesOf(words, word.path, at);
      return `__fish_seen_subcommand_from ${names.join(' ')}`;
    });
    const others = word.commands.flatMap((one) => [one.name, ...one.aliases]).join(' ');
    const before = others === '' ? seen : [...seen, `not __fish_seen_subcommand_from ${others}`];
    const when = before.length === 0 ? '' : ` -n ${quote(before.join('; and '))}`;
    const rows = [
      ...word.commands.flatMap((one) =>
        [one.name, ...one.aliases].map((each) => `-a ${each} -d ${quote(one.about)}`),
      ),
      ...word.choices.map((choice) => `-a ${choice}`),
      ...(word.ids === ''
        ? []
        : [`-a ${quote(`(${name} (__${name}_connection) ids ${word.ids} 2>/dev/null)`)}`]),
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
  return [connection, `complete -c ${name} -f`, ...lines].join('\n');
}

/** Names of the command that stands at this place of a path. */
function namesOf(words: readonly Word[], path: readonly string[], at: number): readonly string[] {
  const text = path.slice(0, at + 1).join(' ');
  const { aliases = [] } = words.find((word) => word.path.join(' ') === text) ?? {};
  return [path[at]!, ...aliases];
}

/** Flags behind which a value comes. */
function valueFlags(words: readonly Word[], isWanted = (_isCommon: boolean): boolean => true): string[] {
  const flags = new Set<string>();
  for (const { name, short, takesValue, isCommon } of words.flatMap((word) => word.options))
    if (takesValue && isWanted(isCommon)) for (const flag of [name, short]) if (flag !== '') flags.add(flag);
  return [...flags];
}

/** Those that say where the analyzer is and who asks. */
function connectionFlags(words: readonly Word[]): string[] {
  return valueFlags(words, (isCommon) => isCommon);
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
