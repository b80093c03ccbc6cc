/**
 * Every command on one screen. Names and flags are those of `skydive client`, so that scripts need only another program
 * name; what the reference does not have is marked in docs/cli.md.
 */
import { Command, Option } from 'commander';
import { alertCommand } from './commands/alert.ts';
import { auditCommand } from './commands/audit.ts';
import { gathered } from './commands/common.ts';
import { captureCommand } from './commands/capture.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { edgeCommand, nodeCommand } from './commands/element.ts';
import { flowsCommand } from './commands/flows.ts';
import { exitCodesTopic } from './commands/help.ts';
import { idsCommand } from './commands/ids.ts';
import { injectionCommand } from './commands/injection.ts';
import { loginCommand, logoutCommand, whoamiCommand } from './commands/login.ts';
import { pcapCommand } from './commands/pcap.ts';
import { queryCommand } from './commands/query.ts';
import { edgeRuleCommand, nodeRuleCommand } from './commands/rule.ts';
import { shellCommand } from './commands/shell.ts';
import { statusCommand } from './commands/status.ts';
import { tokenCommand } from './commands/token.ts';
import { topologyCommand } from './commands/topology.ts';
import { workflowCommand } from './commands/workflow.ts';

export function makeProgram(): Command {
  const program = new Command('edgedive')
    .description('Ask and steer an Edgedive (or Skydive) analyzer.')
    .option(
      '--analyzer <address>',
      'HOST:PORT or URL (SKYDIVE_ANALYZER, EDGEDIVE_ANALYZER; else 127.0.0.1:8082)',
    )
    .option('--username <name>', 'for analyzers that ask for it (SKYDIVE_USERNAME)')
    .option('--password <password>', 'better as SKYDIVE_PASSWORD: others see the command line')
    .option('--token <token>', 'instead of name and password (EDGEDIVE_TOKEN)')
    .option('--cacert <file>', 'authority that the analyzer’s certificate is checked against')
    .option('--cert <file>', 'own certificate; with --key the analyzer is asked over https')
    .option('--key <file>', 'own key')
    .option('--insecure', 'take any certificate')
    .option('-c, --conf <file>', 'a skydive.yml whose `analyzers` say where the analyzer is', gathered)
    // Scripts name it; files are the only place there is.
    .addOption(new Option('-b, --config-backend <name>').choices(['file']).hideHelp())
    .helpCommand('help [command]', 'what a command does and takes')
    .showHelpAfterError('(--help tells more)')
    .configureHelp({ showGlobalOptions: true });
  for (const command of [
    queryCommand(), //      query GREMLIN
    topologyCommand(), //   topology query|export|import
    flowsCommand(), //      flows observe
    captureCommand(), //    capture create|list|get|delete
    alertCommand(), //      alert create|update|list|get|delete
    injectionCommand(), //  injection create|list|get|delete
    pcapCommand(), //       pcap
    nodeCommand(), //       node create|list|get|update|delete
    edgeCommand(), //       edge create|list|get|update|delete
    nodeRuleCommand(), //   node-rule create|list|get|delete
    edgeRuleCommand(), //   edge-rule create|list|get|delete
    workflowCommand(), //   workflow create|list|get|call|delete
    statusCommand(), //     status
    shellCommand(), //      shell
    loginCommand(), //      login
    logoutCommand(), //     logout
    whoamiCommand(), //     whoami
    configCommand(), //     config check|show
    auditCommand(), //      audit
    tokenCommand(), //      token create|list|get|delete
  ])
    program.addCommand(command);
  program.addCommand(exitCodesTopic(), { hidden: true });
  program.addCommand(idsCommand(), { hidden: true });
  program.addCommand(completionCommand(program));
  return program;
}
