<?php
// Verify a webhook (Standard Webhooks): call it with the raw body, before parsing it:
// is_genuine($secret, getallheaders(), file_get_contents('php://input'))

const TOLERANCE_SECONDS = 5 * 60;

// Whether a request comes from who knows the secret, unchanged and not long ago.
// A request may come twice: keep each webhook-id for a while, and act on it once.
function is_genuine(string $secret, array $headers, string $body): bool
{
    $headers = array_change_key_case($headers, CASE_LOWER);
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if ($id === '' || !preg_match('/^[0-9]{1,12}$/D', $timestamp)) {
        return false;
    }
    if (abs(time() - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    $digest = hash_hmac('sha256', "$id.$timestamp.$body", $key, true);
    $expected = 'v1,' . base64_encode($digest);
    // While a secret is being rotated there are several signatures.
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}
