"""What is found by the lists of an account, in turns and in ActionTrail; one operator for all."""
