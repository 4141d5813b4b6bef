/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_systemd: a message bus of our own, and a systemd on it that is played. What
 * MainPID it answers, first and afterwards, is in shared memory; so is whether it
 * answers. Included by one test. Needs dbus-daemon.
 */
#ifndef FAKE_SYSTEMD_H
#define FAKE_SYSTEMD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define SYSTEMD	"org.freedesktop.systemd1"

/* What the played systemd knows: of "a.service", and of any other that it has nothing. */
struct played {
	volatile uint32_t first;	/* MainPID, as answered so often: */
	volatile int first_count;
	volatile uint32_t pid;		/* and then */
	volatile bool silent;
	volatile bool absent;
	volatile int emit;		/* PropertiesChanged of a.service, so often */
	volatile int asked, subscribed;
};

static struct played *played;
static char bus_dir[64], bus_address[128];
static pid_t bus_pid, systemd_pid;

static pid_t child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* ---- the bus ---- */

/* That its socket is there is not enough: between bind(2) and listen(2) it refuses. */
static bool bus_listens(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool listens;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/bus", bus_dir);
	listens = fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to));
	if (fd >= 0)
		close(fd);
	return listens;
}

static void start_bus(void)
{
	char path[128], config[160];
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "%s/conf", bus_dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>"
		"<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>"
		"<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n", bus_address);
	fclose(f);
	snprintf(config, sizeof(config), "--config-file=%s", path);
	bus_pid = child();
	if (!bus_pid) {
		execlp("dbus-daemon", "dbus-daemon", config, "--nofork", "--nopidfile", NULL);
		_exit(1);
	}
	for (i = 0; i < 2000 && !bus_listens(); i++)
		usleep(5000);
	assert_true(i < 2000);
}

/* ---- the played systemd ---- */

static int on_message(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *interface, *property, *path = sd_bus_message_get_path(m);
	uint32_t pid;
	bool ours;

	(void)data;
	(void)error;
	if (sd_bus_message_is_method_call(m, SYSTEMD ".Manager", "Subscribe")) {
		played->subscribed++;
		return sd_bus_reply_method_return(m, "");
	}
	if (!sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get"))
		return 0;
	played->asked++;
	if (played->silent)
		return 1;
	if (sd_bus_message_read(m, "ss", &interface, &property) < 0)
		abort();
	ours = !strcmp(path, "/org/freedesktop/systemd1/unit/a_2eservice") && !played->absent;
	if (!strcmp(property, "LoadState"))
		return sd_bus_reply_method_return(m, "v", "s", ours ? "loaded" : "not-found");
	pid = !ours ? 0 : played->first_count ? played->first : played->pid;
	if (ours && played->first_count)
		played->first_count--;
	return sd_bus_reply_method_return(m, "v", "u", pid);
}

static void emit(sd_bus *bus)
{
	sd_bus_message *m = NULL;

	if (sd_bus_message_new_signal(bus, &m, "/org/freedesktop/systemd1/unit/a_2eservice",
				      "org.freedesktop.DBus.Properties", "PropertiesChanged") < 0 ||
	    sd_bus_message_append(m, "sa{sv}as", SYSTEMD ".Service", 0, 0) < 0 ||
	    sd_bus_send(bus, m, NULL) < 0)
		abort();
	sd_bus_message_unref(m);
	played->emit--;
}

/* The bus may not have noticed yet that the systemd before is gone: its name is waited for. */
static void play(void)
{
	sd_bus *bus;

	setenv("DBUS_SESSION_BUS_ADDRESS", bus_address, 1);
	if (sd_bus_open_user(&bus) < 0 || sd_bus_add_filter(bus, NULL, on_message, NULL) < 0 ||
	    sd_bus_request_name(bus, SYSTEMD, SD_BUS_NAME_QUEUE) < 0)
		_exit(1);
	for (;;) {
		while (sd_bus_process(bus, NULL) > 0)
			;
		if (played->emit)
			emit(bus);
		if (sd_bus_wait(bus, 5000) < 0)
			_exit(0);
	}
}

static void start_systemd(void)
{
	systemd_pid = child();
	if (!systemd_pid)
		play();
}

/* In @dir; of both. -1: not possible. */
static int fake_systemd_setup(const char *dir)
{
	snprintf(bus_dir, sizeof(bus_dir), "%s", dir);
	snprintf(bus_address, sizeof(bus_address), "unix:path=%s/bus", dir);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", bus_address, 1);
	played = mmap(NULL, sizeof(*played), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	return played == MAP_FAILED ? -1 : 0;
}

static void fake_systemd_teardown(void)
{
	end(&systemd_pid);
	end(&bus_pid);
	munmap(played, sizeof(*played));
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

static bool no_bus(void)
{
	return system("command -v dbus-daemon >/dev/null") != 0;
}

#endif /* FAKE_SYSTEMD_H */
