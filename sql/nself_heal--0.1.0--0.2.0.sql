-- From 0.1.0 to 0.2.0.

-- The rights that were given stay, and nothing new is open by default privileges.
SELECT nself.reset_access(keep => true);
-- At the very end: it tells what all that is there now looks like.
SELECT nself.note_installed();
