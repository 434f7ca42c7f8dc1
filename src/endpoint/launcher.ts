/**
 * The command `hotloom` as scripts find it in their PATH: a text for /bin/sh that runs `commandFile` by `node`.
 *
 * What a script waits for at a read of a present value is the start of node. So the launcher first asks by curl, which
 * starts in a fraction of that time: without waiting, and only where nothing has to be encoded. Whatever does not
 * succeed in this (no curl, an old one, no such value yet, any refusal) is asked again by node, which waits, and words
 * the errors. Asking twice changes nothing: a name is written once, and the same value may be written again. The token
 * goes to curl through a pipe, since the arguments of a process can be seen by everybody on the machine.
 */
export function printLauncher(node: string, commandFile: string): string {
  return `#!/bin/sh
ask() {
  printf 'header = "Authorization: Bearer %s"\\n' "$HOTLOOM_TOKEN" |
    curl -q -s -f -K - --noproxy '*' --max-time 2 --unix-socket "$HOTLOOM_SOCKET" "$@" 2>/dev/null
}
if [ -n "$HOTLOOM_SOCKET" ]; then
  case "$#:$1:$2" in
    ?:*:-* | ?:*:*[!A-Za-z0-9._-]*) ;;
    2:read:?*) ask -H 'Accept: text/plain' "http://hotloom/values/$2?wait=no" && exit ;;
    3:write:?*)
      case "$3" in
        -*) ;;
        *) ask -X PUT -H 'Content-Type: text/plain' --data-raw "$3" "http://hotloom/values/$2" && exit ;;
      esac ;;
  esac
fi
exec ${quote(node)} ${quote(commandFile)} "$@"
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
