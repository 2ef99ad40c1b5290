"""An optional second reader of tactics: a language model behind an OpenAI-compatible endpoint.

Off unless the user names an endpoint. request.py says what is asked, post.py and chat.py bring
it there and back, reply.py lets only tags through that the transcript bears out, and second.py
holds what was found against the built-in tagger (agreement.py).
"""
