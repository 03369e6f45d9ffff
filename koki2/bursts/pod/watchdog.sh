#!/bin/sh
# Deletes the pod that it runs on after some seconds: watchdog.sh SECONDS URL
#
# The client does so earlier; this is for when the client is gone. It uses the key that
# RunPod puts into every pod, which is of that pod alone.
set -u
seconds=$1
url=$2

of_container() { # of_container NAME: as the container was started with it
  eval "value=\${$1:-}"
  [ -n "$value" ] || value=$(tr '\0' '\n' </proc/1/environ 2>/dev/null | sed -n "s/^$1=//p")
  printf '%s' "$value"
}

pod=$(of_container RUNPOD_POD_ID)
key=$(of_container RUNPOD_API_KEY)
if [ -z "$pod" ] || [ -z "$key" ]; then
  echo "this pod has no RUNPOD_POD_ID or RUNPOD_API_KEY: nothing here can delete it"
  exit 1
fi
echo "waiting"

delete() { # the key goes through a pipe, so that no list of processes shows it
  if command -v curl >/dev/null; then
    printf 'header = "Authorization: Bearer %s"\n' "$key" |
      curl --silent --show-error --fail --max-time 30 --request DELETE --config - "$url/v2/pods/$pod"
  else
    printf '%s' "$key" | python3 -c '
import sys, urllib.request
bearer = {"Authorization": "Bearer " + sys.stdin.read()}
urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=bearer, method="DELETE"), timeout=30)
' "$url/v2/pods/$pod"
  fi
}

sleep "$seconds"
while :; do
  echo "the deadline is over: deleting pod $pod"
  # RunPod's own program, where v2 does not take this key
  delete || { command -v runpodctl >/dev/null && runpodctl remove pod "$pod"; }
  sleep 20 # the pod, and so this, ends when it is deleted
done
