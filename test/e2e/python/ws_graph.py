# WSClient of the published skydive-client as a subscriber that asks for the graph (sync, filter) and, in the same
# script, as a publisher whose elements go with it. Prints what it receives, a JSON line each.
import json
import sys

from skydive.graph import Edge, Node
from skydive.websocket.client import (
    EdgeAddedMsgType,
    NodeAddedMsgType,
    NodeUpdatedMsgType,
    WSClient,
    WSClientDebugProtocol,
    WSMessage,
)

mode, endpoint, host_id, query = sys.argv[1:5]


class Subscriber(WSClientDebugProtocol):
    def onMessage(self, payload, isBinary):
        print(payload.decode("utf8"), flush=True)


class Publisher(WSClientDebugProtocol):
    def onOpen(self):
        nodes = [Node(name, "py-host", metadata={"Name": name, "Type": "host"}) for name in ("py-a", "py-b")]
        for node in nodes:
            self.sendWSMessage(WSMessage("Graph", NodeAddedMsgType, node))
        edge = Edge("py-e", "py-host", "py-a", "py-b", metadata={"RelationType": "layer2"})
        self.sendWSMessage(WSMessage("Graph", EdgeAddedMsgType, edge))
        nodes[0].metadata["State"] = "UP"
        self.sendWSMessage(WSMessage("Graph", NodeUpdatedMsgType, nodes[0]))
        print(json.dumps("published"), flush=True)
        self.factory.client.loop.call_later(2, self.sendClose)

    def onMessage(self, payload, isBinary):
        print(payload.decode("utf8"), flush=True)

    def onClose(self, wasClean, code, reason):
        print(json.dumps({"clean": wasClean, "code": code}), flush=True)
        self.factory.client.loop.stop()


if mode == "subscribe":
    client = WSClient(host_id, endpoint + "/ws/subscriber", protocol=Subscriber, sync=True, filter=query)
else:
    client = WSClient(host_id, endpoint + "/ws/publisher", protocol=Publisher, persistent=False)
client.connect()
client.start()
