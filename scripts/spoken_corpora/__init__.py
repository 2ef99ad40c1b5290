"""What scripts/speak_corpora is made of: turns to sound, sound to words, and the file of both."""
