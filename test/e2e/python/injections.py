# The life of a packet injection in the published skydive-client. Prints one JSON line.
import json
import sys

from skydive.rest.client import BadRequest, RESTClient

endpoint, src, dst = sys.argv[1], sys.argv[2], sys.argv[3]
client = RESTClient(endpoint)

created = client.injection_create(src_query=src, dst_query=dst, type="icmp4", icmp_id=77, count=3, interval=20)
listed = client.injection_list()
try:
    client.injection_create(src_query=src, dst_query=dst, type="smoke")
    refused = "accepted"
except BadRequest as error:
    refused = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])

print(json.dumps({
    "uuid": created.uuid,
    "listed": [injection.uuid for injection in listed],
    "refused": refused,
}))
client.injection_delete(created.uuid)
print(json.dumps([injection.uuid for injection in client.injection_list()]))
