namespace EventService.Models.ObjectFlow;

/// <summary>The coordinates of an object in the order of their factors. The missing momentum has pT and azimuth only.</summary>
public enum Coordinate { Pt, Eta, Azimuth, Mass }
