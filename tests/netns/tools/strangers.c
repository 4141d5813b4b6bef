// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: strangers PATH COUNT
 *
 * Connects COUNT times to the Unix socket PATH, all at once, and says nothing, half a
 * line, too much, or a request whose answer it does not read; then goes away. Exit code
 * 1: it could not even connect.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void say(int fd, int i)
{
	static char brackets[4096];
	const char *s = i % 4 == 1 ? "{\"cmd\":\"sta" : i % 4 == 2 ? "{\"cmd\":\"status\"}\n" : "";
	ssize_t n;

	memset(brackets, '[', sizeof(brackets));
	if (i % 4 == 3)
		n = send(fd, brackets, sizeof(brackets), MSG_NOSIGNAL | MSG_DONTWAIT);
	else
		n = send(fd, s, strlen(s), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)n;	/* the other side may have had enough of it */
}

int main(int argc, char **argv)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int n = argc == 3 ? atoi(argv[2]) : 0, i, *fd;

	if (n < 1 || strlen(argv[1]) >= sizeof(sa.sun_path)) {
		fprintf(stderr, "usage: strangers PATH COUNT\n");
		return 2;
	}
	strcpy(sa.sun_path, argv[1]);
	fd = calloc((size_t)n, sizeof(*fd));
	for (i = 0; fd && i < n; i++) {
		fd[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(fd[i], (struct sockaddr *)&sa, sizeof(sa))) {
			perror(argv[1]);
			return 1;
		}
		say(fd[i], i);
	}
	sleep(1);
	for (i = 0; fd && i < n; i++)
		close(fd[i]);
	free(fd);
	return 0;
}
