/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cosim/vfio-user/transport_internal.h"

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Remove a socket that nobody listens at any more; 0 also when nothing is there. Never follows a
 * link. */
static int clear_path(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, rc = 0;

	if (lstat(address->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = new_socket();
	if (fd < 0)
		return -errno;
	/* EAGAIN: its backlog is full. */
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN)
		rc = -EADDRINUSE;
	else if (errno != ECONNREFUSED)
		rc = -EEXIST;
	else if (unlink(address->sun_path))
		rc = -errno;
	close(fd);
	return rc;
}

/* On Linux the file gets the mode that the socket has when it is bound, so it is never wider. */
static int bind_private(int fd, const struct sockaddr_un *address, struct stat *st)
{
	if (fchmod(fd, 0600) || bind(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	if (lstat(address->sun_path, st))
		return -errno;
	if (!S_ISSOCK(st->st_mode) || (st->st_mode & 0777) & ~0600u)
		return -EPERM;
	return listen(fd, 8) ? -errno : 0;
}

int vfu_listener_open(struct vfu_listener *listener, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st = {0};
	int rc;

	*listener = (struct vfu_listener){.fd = -1};
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	rc = clear_path(&address);
	if (rc)
		return rc;
	listener->path = strdup(path);
	listener->fd = new_socket();
	rc = !listener->path    ? -ENOMEM
	     : listener->fd < 0 ? -errno
				: bind_private(listener->fd, &address, &st);
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	if (rc)
		vfu_listener_close(listener);
	return rc;
}

void vfu_listener_close(struct vfu_listener *listener)
{
	struct stat st;

	if (listener->inode && !lstat(listener->path, &st) && st.st_dev == listener->device &&
	    st.st_ino == listener->inode)
		unlink(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
	free(listener->path);
	*listener = (struct vfu_listener){.fd = -1};
}
