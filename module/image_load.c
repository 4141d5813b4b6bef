// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * image_load: from a descriptor to a checked image of our own.
 *
 * A memfd, and sealed, so that what is read is what the sender finished; it is
 * copied once, and only the copy is checked and used. Nothing else is read from:
 * a pipe, a FUSE file or a device could keep us waiting for ever.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "compat/genetlink.h"
#include "image_check.h"
#include "policy.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int file_check(const struct file *file, struct netlink_ext_ack *extack)
{
	const struct inode *inode = file_inode(file);

	if (!(file->f_mode & FMODE_READ)) {
		NL_SET_ERR_MSG(extack, "image: the descriptor is not open for reading");
		return -EBADF;
	}
	if (!S_ISREG(inode->i_mode) || inode->i_sb->s_magic != TMPFS_MAGIC) {
		NL_SET_ERR_MSG(extack, "image: not a memfd (a regular file of tmpfs)");
		return -EINVAL;
	}
	/* The superblock says that the inode is shmem's. */
	if ((SHMEM_I((struct inode *)inode)->seals & SEALS) != SEALS) {
		NL_SET_ERR_MSG(extack, "image: not sealed against writing, shrinking and growing");
		return -EINVAL;
	}
	return 0;
}

static struct nsf_image *file_copy(struct file *file, struct netlink_ext_ack *extack)
{
	loff_t size = i_size_read(file_inode(file));
	struct nsf_image *image;
	loff_t pos = 0;
	ssize_t n;

	if (size < (loff_t)sizeof(*image)) {
		NL_SET_ERR_MSG(extack, "image: shorter than its header");
		return ERR_PTR(-EINVAL);
	}
	if (size > NSF_MAX_IMAGE) {
		NL_SET_ERR_MSG(extack, "image: larger than the limit (256 MiB)");
		return ERR_PTR(-EFBIG);
	}
	image = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!image) {
		NL_SET_ERR_MSG(extack, "image: out of memory");
		return ERR_PTR(-ENOMEM);
	}
	while (pos < size) {
		n = kernel_read(file, (u8 *)image + pos, size - pos, &pos);
		if (n <= 0) {
			NL_SET_ERR_MSG(extack, "image: cannot be read to its end");
			kvfree(image);
			return ERR_PTR(n < 0 ? n : -EINVAL);
		}
	}
	return image;
}

struct nsf_image *nsf_image_load(u32 fd, struct netlink_ext_ack *extack)
{
	struct nsf_image_fault fault = {};
	struct nsf_image *image;
	struct file *file;
	size_t size;
	int err;

	file = fd > INT_MAX ? NULL : fget(fd);
	if (!file) {
		NL_SET_ERR_MSG(extack, "image: the descriptor is not open in the sender");
		return ERR_PTR(-EBADF);
	}
	err = file_check(file, extack);
	image = err ? ERR_PTR(err) : file_copy(file, extack);
	size = i_size_read(file_inode(file));	/* sealed: what it was */
	fput(file);
	if (IS_ERR(image))
		return image;

	err = nsf_image_check(image, size, &fault);
	if (err) {
		nsf_extack_str(extack, fault.what);
		kvfree(image);
		return ERR_PTR(err);
	}
	return image;
}
