"""The peer: Flask and gunicorn answering as course projects do, from a pickled list of rules.

RULES names the pickle: a list of (antecedents, consequents, confidence), strongest first.
"""

import os
import pickle

from flask import Flask, jsonify, request

with open(os.environ["RULES"], "rb") as file:
    RULES = pickle.load(file)

app = Flask(__name__)


@app.post("/api/recommend")
def recommend():
    songs = set(request.get_json(force=True)["songs"])
    found = []
    for antecedents, consequents, _ in RULES:
        if antecedents <= songs:
            found.extend(song for song in consequents if song not in songs and song not in found)
        if len(found) >= 10:
            break
    return jsonify(songs=found[:10], version="1.0", model_date="2026-01-31T12:00:00Z")
