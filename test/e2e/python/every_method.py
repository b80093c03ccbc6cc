# Every public method of the published skydive-client's RESTClient, as a user with a password. Prints one JSON line.
import inspect
import json
import sys

from urllib.error import HTTPError

from skydive.rest.client import RESTClient

endpoint, username, password = sys.argv[1:4]
called = set()


class Counting(RESTClient):
    def __getattribute__(self, name):
        if not name.startswith("_"):
            called.add(name)
        return super().__getattribute__(name)


client = Counting(endpoint, username=username, password=password)
told = {}

a = client.node_create(host="h1", metadata={
    "Name": "a", "Type": "device", "MAC": "02:00:00:00:00:01", "IPV4": ["10.0.0.1/24"], "TID": "tid-a"})
b = client.node_create(host="h1", metadata={
    "Name": "b", "Type": "device", "MAC": "02:00:00:00:00:02", "IPV4": ["10.0.0.2/24"], "TID": "tid-b"})
told["node_update"] = client.node_update(a.id, [{"op": "add", "path": "/Metadata/Rack", "value": 1}]).metadata["Rack"]
told["node_list"] = sorted(node.metadata["Name"] for node in client.node_list())
edge = client.edge_create(a.id, b.id, metadata={"RelationType": "layer2"})
told["edge_update"] = client.edge_update(edge.id, [{"op": "add", "path": "/Metadata/Metres", "value": 2}]).metadata["Metres"]
told["edge_list"] = len(client.edge_list())
told["lookup"] = client.lookup("G.V().Count()")
told["lookup_nodes"] = [node.host for node in client.lookup_nodes("G.V().Has('Name','a')")]
told["lookup_edges"] = [(e.parent == a.id, e.child == b.id) for e in client.lookup_edges("G.E()")]

capture = client.capture_create("G.V().Has('Name','a')", name="c")
told["capture_list"] = [c.uuid == capture.uuid for c in client.capture_list()]
client.capture_delete(capture.uuid)

alert = client.alert_create("", "G.V().Has('Name','nobody')")
told["alert_list"] = [one.uuid == alert.uuid for one in client.alert_list()]
client.alert_delete(alert.uuid)

node_rule = client.noderule_create("create", {"Name": "made", "Type": "fabric"})
told["noderule_list"] = [rule.uuid == node_rule.uuid for rule in client.noderule_list()]
edge_rule = client.edgerule_create("G.V().Has('Name','a')", "G.V().Has('Name','made')", {"RelationType": "layer2"})
told["edgerule_list"] = [rule.uuid == edge_rule.uuid for rule in client.edgerule_list()]
client.edgerule_delete(edge_rule.uuid)
client.noderule_delete(node_rule.uuid)

injection = client.injection_create("G.V().Has('Name','a')", "G.V().Has('Name','b')", count=1)
told["injection_list"] = [one.uuid == injection.uuid for one in client.injection_list()]
client.injection_delete(injection.uuid)

client.edge_delete(edge.id)
client.node_delete(a.id)
client.node_delete(b.id)
told["end"] = [len(client.node_list()), len(client.capture_list()), len(client.alert_list())]
told["request"] = client.request("/api/whoami")["Name"]

try:
    RESTClient(endpoint, username=username, password="wrong").capture_list()
    told["wrong"] = "accepted"
except HTTPError as error:
    told["wrong"] = [error.code, error.read().decode()]

public = {name for name, _ in inspect.getmembers(RESTClient, inspect.isfunction) if not name.startswith("_")}
told["not called"] = sorted(public - called)
print(json.dumps(told))
