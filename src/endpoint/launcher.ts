/**
 * The command `hotloom` as scripts find it in their PATH: a text for /bin/sh that runs `commandFile` by `node`.
 *
 * What a script waits for at a read of a present value is the start of node. So the launcher first asks by curl, which
 * starts in a fraction of that time, and takes a tenth of the memory while the read is blocked; only where nothing has to
 * be encoded. Whatever does not succeed in this (no curl, an old one, any refusal) is asked again by node, which words
 * the errors. Asking twice changes nothing: a name is written once, and the same value may be written again. After a
 * refusal, curl's exit code 22, the second question says so (HOTLOOM_REFUSED): the first answer is repeated, since the
 * same read might wait once more for what will not come. The token goes to curl through a pipe, since the arguments of a process can be seen by everybody on the machine.
 */
export function printLauncher(node: string, commandFile: string): string {
  return `#!/bin/sh
ask() {
  printf 'header = "Authorization: Bearer %s"\\n' "$HOTLOOM_TOKEN" |
    curl -q -s -f -K - --noproxy '*' --connect-timeout 2 --unix-socket "$HOTLOOM_SOCKET" "$@" 2>/dev/null &
  curl=$!
  trap 'kill "$curl" 2>/dev/null; exit 143' TERM HUP
  trap 'kill "$curl" 2>/dev/null; exit 130' INT
  wait "$curl"
}
if [ -n "$HOTLOOM_SOCKET" ]; then
  case "$1:$#:$2" in
    read:3:--json) name=$3 ;;
    read:2:* | write:3:*) name=$2 ;;
    *) name= ;;
  esac
  case "$name" in
    '' | -* | *[!A-Za-z0-9._-]*) ;;
    *)
      case "$1:$2:$3" in
        read:--json:*) ask "http://hotloom/values/$name" && echo && exit ;;
        read:*) ask -H 'Accept: text/plain' "http://hotloom/values/$name" && exit ;;
        write:*:-*) ;;
        *) ask -X PUT -H 'Content-Type: text/plain' --data-raw "$3" "http://hotloom/values/$name" && exit ;;
      esac
      [ $? = 22 ] && export HOTLOOM_REFUSED=1 ;;
  esac
fi
trap - TERM HUP INT
exec ${quote(node)} ${quote(commandFile)} "$@"
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
