# RESTClient of the published skydive-client: look-ups and the life of a capture. Prints one JSON line.
import json
import sys

from skydive.rest.client import BadRequest, RESTClient

endpoint, query = sys.argv[1], sys.argv[2]
client = RESTClient(endpoint)

nodes = client.lookup_nodes(query)
created = client.capture_create(query, name="from python", bpf_filter="icmp")
listed = client.capture_list()
try:
    client.capture_create(query, name="again", bpf_filter="icmp")
    duplicate = "accepted"
except BadRequest as error:
    duplicate = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
client.capture_delete(created.uuid)
after = client.capture_list()
try:
    client.lookup("G.V(")
    bad_query = "accepted"
except BadRequest as error:
    bad_query = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])

print(json.dumps({
    "nodes": [{"id": node.id, "host": node.host, "metadata": node.metadata} for node in nodes],
    "created": {"uuid": created.uuid, "query": created.query},
    "listed": [capture.uuid for capture in listed],
    "duplicate": duplicate,
    "after": [capture.uuid for capture in after],
    "bad_query": bad_query,
}))
