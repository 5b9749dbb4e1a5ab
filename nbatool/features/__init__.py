"""What is known about a customer at a moment, computed twice: in SQL for many, in numpy for one."""
