#!/usr/bin/python3
"""A window with one WebKitGTK view that WebKitWebDriver drives; console messages go to standard output.

MiniBrowser, which WebKitGTK brings along, keeps its console to itself and cannot be narrower than 447 pixels.
Debian's own Python, since python3-gi belongs to that.
"""
import os

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402

folder = os.environ["OPTLAB_WEBKIT_DATA"]
data = WebKit2.WebsiteDataManager(base_data_directory=folder, base_cache_directory=folder)
context = WebKit2.WebContext.new_with_website_data_manager(data)
context.set_automation_allowed(True)


def create_view(_session):
    view = WebKit2.WebView(web_context=context, is_controlled_by_automation=True)
    view.get_settings().set_property("enable-write-console-messages-to-stdout", True)
    window = Gtk.Window(decorated=False)
    window.set_default_size(1280, 900)
    window.add(view)
    window.show_all()
    return view


def automation_started(_context, session):
    info = WebKit2.ApplicationInfo()
    info.set_name("OptLab")
    session.set_application_info(info)
    session.connect("create-web-view", create_view)


context.connect("automation-started", automation_started)
Gtk.main()
