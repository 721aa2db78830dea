#!/bin/sh
# Verify a webhook (Standard Webhooks) with openssl; for trying things out: while it runs, the key
# stands in the list of processes.
#
#   WEBHOOK_SECRET=whsec_... sh verify.sh ID TIMESTAMP SIGNATURE < body
#
# with the headers webhook-id, webhook-timestamp and webhook-signature, and the raw body.
# Ends with 0 when the request is genuine, unchanged and not long ago, else with 1.
set -eu

tolerance_seconds=300
id=$1 timestamp=$2 signatures=$3

case $timestamp in '' | *[!0-9]*) exit 1 ;; esac
age=$(($(date +%s) - timestamp))
[ "$age" -le $tolerance_seconds ] && [ "$age" -ge -$tolerance_seconds ] || exit 1

key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
expected=$(
  { printf '%s.%s.' "$id" "$timestamp" && cat; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A
)
# While a secret is being rotated there are several signatures.
case " $signatures " in *" v1,$expected "*) exit 0 ;; esac
exit 1
