"""The comparison with other tools, in two halves.

sides.py and table.py run with Parley. jobs.py, plain_peer.py and whisperx_peer.py run in the
peers' own environment and import nothing of Parley.
"""
